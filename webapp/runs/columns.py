"""The candidates of a run as columns: read in binary form, thinned, and encoded for the page.

A page of 100,000 candidates needs each column in one piece; objects per candidate would take
seconds. The page fetches the details of a single candidate when it shows them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np
from django.db import connection
from psycopg import Cursor, sql

from webapp.common.packed import packed

from .models import CandidateState, Run

CACHED = 8  # snapshots of runs that this process remembers, under half a megabyte each
MAX_CANDIDATES = 12_000  # above it, dominated candidates are thinned
GRID = 40  # cells per axis of the grids that thinning keeps one candidate of
STATES = [str(state) for state in CandidateState.values]
ARRAY_HEADER_BYTES = 20  # dimensions, flags, type, length, first index

# Name, SQL expression and NumPy type of each column in PostgreSQL's binary form.
COLUMNS = (
    ("id", "c.id", ">i8"),
    ("number", "c.number::int4", ">i4"),
    ("state", "array_position({states}, c.state::text)::int4", ">i4"),
    ("infeasible", "(coalesce(c.violation, 0) <> 0)::int4", ">i4"),
    ("ended", "coalesce(c.ended_order, -1)::int4", ">i4"),
    ("parent0", "coalesce(c.parents[1], -1)::int4", ">i4"),
    ("parent1", "coalesce(c.parents[2], -1)::int4", ">i4"),
    ("architecture", "rpad(left(c.architecture_id, 8), 8, '0')", "S8"),
    ("origin", "hashtext(c.origin)", ">i4"),
)
VALUES = (
    ("candidate", "m.candidate_id", ">i8"),
    ("objective", "array_position({objectives}, m.objective::text)::int4", ">i4"),
    ("value", "m.value", ">f8"),
)
Columns = dict[str, np.ndarray]


def candidate_columns(run: Run, objectives: list[str]) -> dict[str, Any]:
    """Return the candidates as base64 columns, dominated ones thinned above `MAX_CANDIDATES`.

    `number` and `ended` are differences from the candidate before, which compress to almost
    nothing. `values` has one column per objective, NaN where there is no value. `total` counts
    all candidates. Every change of a candidate raises `run.seq`, so the columns are remembered by
    it: a second visitor of a finished run waits for no query.
    """
    return _columns_at(run.seq, run, tuple(objectives))


TOLD = (
    ("id", "c.id", ">i8"),
    ("number", "c.number::int4", ">i4"),
    ("done", "(c.state = 'done')::int4", ">i4"),
    ("violation", "coalesce(c.violation, 0)", ">f8"),
    ("ended", "coalesce(c.ended_order, -1)::int4", ">i4"),
)


def told_values(run: Run, objectives: Sequence[str], by_number: bool) -> tuple[Columns, np.ndarray]:
    """Return the candidates whose outcome the strategy has, in the order in which it got them.

    Returns:
        The columns `number`, `done` and `violation`, and the values, one row per candidate with
        one column per objective, NaN where there is no value.
    """
    source = sql.SQL("runs_candidate c WHERE c.run_id = {} AND c.told").format(run.pk)
    rows = _fetch(TOLD, source)
    order = np.argsort(rows["number" if by_number else "ended"], kind="stable")
    rows = {name: column[order] for name, column in rows.items()}
    return rows, _values(rows.pop("id"), objectives).T


TIMED = (
    ("number", "c.number::int4", ">i4"),
    ("state", "array_position({states}, c.state::text)::int4", ">i4"),
    ("slot", "array_position({slots}, c.slot_id::text)::int4", ">i4"),
    ("start", "extract(epoch from c.started_at)::float8", ">f8"),
    ("end", "coalesce(extract(epoch from c.ended_at), -1)::float8", ">f8"),
)


def timed_candidates(run: Run) -> dict[str, Any]:
    """Return the candidates that a worker has started, and `slots`, the keys of the workers.

    `state` is a position in `STATES`, `slot` one in `slots`; times are in seconds since 1970,
    `end` is -1 for a candidate that has not ended.
    """
    started = run.candidates.filter(slot__isnull=False, started_at__isnull=False)
    slots = list(started.order_by().values_list("slot", flat=True).distinct())
    source = sql.SQL(
        "runs_candidate c WHERE c.run_id = {} AND c.slot_id IS NOT NULL "
        "AND c.started_at IS NOT NULL"
    ).format(run.pk)
    rows: dict[str, Any] = _fetch(TIMED, source, states=STATES, slots=[str(slot) for slot in slots])
    rows["state"], rows["slot"] = rows["state"] - 1, rows["slot"] - 1
    return {**rows, "slots": slots}


def measured_values(run: Run, objectives: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of all candidates, and a row of values for each objective."""
    source = sql.SQL("runs_candidate c WHERE c.run_id = {}").format(run.pk)
    rows = _fetch(TOLD[:2], source)
    return rows["number"], _values(rows["id"], objectives)


@lru_cache(maxsize=CACHED)
def _columns_at(seq: int, run: Run, objectives: tuple[str, ...]) -> dict[str, Any]:
    """Return the columns. Objects of the same run are equal; `seq` tells its states apart."""
    rows, origins = _read(run, objectives)
    total = len(rows["number"])
    if total > MAX_CANDIDATES:
        kept = _kept(rows, run, len(objectives))
        rows = {name: column[kept] for name, column in rows.items()}
    return {
        "total": total,
        "states": STATES,
        "origins": origins,
        "number": packed(np.diff(rows["number"], prepend=0), "<i4"),
        "ended": packed(np.diff(rows["ended"], prepend=0), "<i4"),
        "state": packed(rows["state"] - 1, "u1"),
        "origin": packed(rows["origin"] - 1, "u1"),
        "infeasible": packed(rows["infeasible"], "u1"),
        "parents": [
            packed(np.where(rows[p] < 0, 0, rows["number"] - rows[p]), "<i4")
            for p in ("parent0", "parent1")
        ],
        "architecture": packed(_hex(rows["architecture"]), "<u4"),
        "values": {name: packed(rows[f"value{i}"], "<f8") for i, name in enumerate(objectives)},
    }


def _read(run: Run, objectives: Sequence[str]) -> tuple[Columns, list[str]]:
    """Return the columns of the candidates by number, and the names of origins.

    Candidates and measurements are read apart and joined here: joining a table of measurements
    per objective in SQL takes twice as long.
    """
    source = sql.SQL("runs_candidate c WHERE c.run_id = {}").format(run.pk)
    rows = _fetch(COLUMNS, source, states=STATES)
    order = np.argsort(rows["number"])  # PostgreSQL would sort so many wide rows on disk
    rows = {name: column[order] for name, column in rows.items()}
    origins = _name_origins(run, rows)
    ids = rows.pop("id")
    for i, column in enumerate(_values(ids, objectives)):
        rows[f"value{i}"] = column
    return rows, origins


def _fetch(columns: tuple[tuple[str, str, str], ...], source: Any, **lists: list[str]) -> Columns:
    """Return columns of a query; `lists` are the arrays of texts that its expressions name."""
    arrays = {name: sql.SQL("{}::text[]").format(sql.Literal(x)) for name, x in lists.items()}
    chosen = [
        sql.SQL("{} AS {}").format(sql.SQL(expression).format(**arrays), sql.Identifier(name))
        for name, expression, _ in columns
    ]
    sent = [
        sql.SQL("array_send(array_agg({}))").format(sql.Identifier(name)) for name, _, _ in columns
    ]
    query = sql.SQL("SELECT {} FROM (SELECT {} FROM {}) AS found").format(
        sql.SQL(", ").join(sent), sql.SQL(", ").join(chosen), source
    )
    connection.ensure_connection()
    # Binary, because text would double the size of the answer; Django's own cursors read text.
    found: Any = Cursor(connection.connection).execute(query, binary=True).fetchone()
    return {name: _column(kind, data) for (name, _, kind), data in zip(columns, found, strict=True)}


def _name_origins(run: Run, rows: Columns) -> list[str]:
    """Replace the hashes of origins by positions from 1, and return the sorted names."""
    _, first, which = np.unique(rows["origin"], return_index=True, return_inverse=True)
    numbers = rows["number"][first].tolist()
    found = dict(run.candidates.filter(number__in=numbers).values_list("number", "origin"))
    names = [found.get(number, "") for number in numbers]
    origins = sorted(set(names))
    places = np.array([origins.index(name) + 1 for name in names], dtype=np.int64)
    rows["origin"] = places[which] if names else rows["origin"]
    return origins


def _values(ids: np.ndarray, objectives: Sequence[str]) -> np.ndarray:
    """Return the value of each objective (rows) of each candidate (columns), NaN without one."""
    values = np.full((len(objectives), len(ids)), np.nan)
    if not len(ids) or not objectives:
        return values
    source = sql.SQL(
        "runs_measurement m WHERE m.candidate_id BETWEEN {} AND {} AND m.objective = ANY({})"
    ).format(int(ids.min()), int(ids.max()), sql.Literal(list(objectives)))
    found = _fetch(VALUES, source, objectives=list(objectives))
    order = np.argsort(ids)
    place = order[np.clip(np.searchsorted(ids, found["candidate"], sorter=order), 0, len(ids) - 1)]
    ours = ids[place] == found["candidate"]  # the range has ids of other runs too
    values[found["objective"][ours] - 1, place[ours]] = found["value"][ours]
    return values


def _column(kind: str, data: bytes | None) -> np.ndarray:
    """Return an array in PostgreSQL's binary form, without NULL, as native numbers."""
    elements = np.frombuffer(
        (data or b"")[ARRAY_HEADER_BYTES:], dtype=[("length", ">i4"), ("element", kind)]
    )
    return elements["element"].astype(kind.replace(">", "="))


def _hex(texts: np.ndarray) -> np.ndarray:
    """Return texts of eight hexadecimal digits as numbers; other texts are 0."""
    joined = texts.tobytes().decode("ascii", "replace")
    try:
        return np.frombuffer(bytes.fromhex(joined), dtype=">u4")
    except ValueError:
        digits = set("0123456789abcdef")
        words = [text.decode("ascii", "replace") for text in texts.tolist()]
        return np.array([int(w, 16) if set(w) <= digits else 0 for w in words], dtype=np.uint32)


def _kept(rows: Columns, run: Run, objectives: int) -> np.ndarray:
    """Return a mask of the candidates that the plots need.

    These are the front, the best with its lineage, whatever is not simply done, the newest, the
    extremes of each objective, and of each pair of objectives one candidate in every cell of a
    grid over the values and of one over the ranks, so that lone points stay on either scale.
    """
    keep = rows["state"] != STATES.index("done") + 1
    keep[-1] = True
    members = (run.view or {}).get("view", {}).get("members", [])
    keep |= np.isin(rows["number"], [*run.front.get("numbers", []), *members])
    keep |= np.isin(rows["number"], _lineage(rows, run.best))
    grids = []
    for i in range(objectives):
        values = rows[f"value{i}"]
        finite = np.isfinite(values)
        if finite.any():
            keep[np.nanargmin(np.where(finite, values, np.nan))] = True
            keep[np.nanargmax(np.where(finite, values, np.nan))] = True
        ranks = np.empty(len(values))
        ranks[np.argsort(values)] = np.arange(len(values))
        grids.append((_cells(values), _cells(ranks)))
    for grid, other in combinations(grids, 2):
        for first, second in zip(grid, other, strict=True):
            keep[_first_of_each(first * GRID + second)] = True
    if objectives == 1:
        keep[_first_of_each(grids[0][1])] = True
    return keep


def _first_of_each(cells: np.ndarray) -> np.ndarray:
    """Return the first position of each cell; `np.unique` would sort all of them."""
    first = np.full(GRID * GRID, -1)
    first[cells[::-1]] = np.arange(len(cells) - 1, -1, -1)  # the last assignment stays
    return first[first >= 0]


def _cells(values: np.ndarray) -> np.ndarray:
    """Return the cell of each value on one axis; values that are not finite are in the first."""
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 1.0)
    width = (high / GRID - low / GRID) or 1.0  # divided first: the difference may overflow
    cells = np.nan_to_num((values - low) / width, nan=0.0, posinf=GRID, neginf=0.0)
    return np.clip(cells, 0, GRID - 1).astype(np.int64)


def _lineage(rows: Columns, best: int | None) -> list[int]:
    """Return the best candidate and its first parents, back to one without parents."""
    line: list[int] = []
    while best is not None and best not in line:
        place = int(np.searchsorted(rows["number"], best))
        if place == len(rows["number"]) or rows["number"][place] != best:
            break
        line.append(best)
        parent = int(rows["parent0"][place])
        best = parent if parent >= 0 else None
    return line
