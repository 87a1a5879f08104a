"""The candidates of a run as columns: read in binary form, thinned, and encoded for the page.

A page of 100,000 candidates needs each column in one piece; objects per candidate would take
seconds. The page fetches the details of a single candidate when it shows them.
"""

from __future__ import annotations

import base64
from itertools import combinations
from typing import Any

import numpy as np
from django.db import connection
from psycopg import Cursor, sql

from .models import CandidateState, Run

MAX_CANDIDATES = 12_000  # above it, dominated candidates are thinned
GRID = 40  # cells per axis of the grids that thinning keeps one candidate of
STATES = [str(state) for state in CandidateState.values]
ARRAY_HEADER_BYTES = 20  # dimensions, flags, type, length, first index

FIXED = (
    ("number", "c.number::int4", ">i4"),
    ("state", "array_position({states}, c.state::text)::int4", ">i4"),
    ("infeasible", "(coalesce(c.violation, 0) <> 0)::int4", ">i4"),
    ("ended", "coalesce(c.ended_order, -1)::int4", ">i4"),
    ("parent0", "coalesce(c.parents[1], -1)::int4", ">i4"),
    ("parent1", "coalesce(c.parents[2], -1)::int4", ">i4"),
    ("architecture", "rpad(left(c.architecture_id, 8), 8, '0')", "S8"),
    ("origin", "array_position({origins}, c.origin::text)::int4", ">i4"),
)


def candidate_columns(run: Run, objectives: list[str]) -> dict[str, Any]:
    """Return the candidates as base64 columns, dominated ones thinned above `MAX_CANDIDATES`.

    `number` and `ended` are differences from the candidate before, which compress to almost
    nothing. `values` has one column per objective, NaN where there is no value. `total` counts
    all candidates.
    """
    rows, origins = _read(run, objectives)
    total = len(rows["number"])
    if total > MAX_CANDIDATES:
        kept = _kept(rows, run, len(objectives))
        rows = {name: column[kept] for name, column in rows.items()}
    return {
        "total": total,
        "states": STATES,
        "origins": origins,
        "number": _packed(np.diff(rows["number"], prepend=0), "<i4"),
        "ended": _packed(np.diff(rows["ended"], prepend=0), "<i4"),
        "state": _packed(rows["state"] - 1, "u1"),
        "origin": _packed(rows["origin"] - 1, "u1"),
        "infeasible": _packed(rows["infeasible"], "u1"),
        "parents": [
            _packed(np.where(rows[p] < 0, 0, rows["number"] - rows[p]), "<i4")
            for p in ("parent0", "parent1")
        ],
        "architecture": _packed(_hex(rows["architecture"]), "<u4"),
        "values": {name: _packed(rows[f"value{i}"], "<f8") for i, name in enumerate(objectives)},
    }


def _packed(column: np.ndarray, kind: str) -> str:
    return base64.b64encode(column.astype(kind).tobytes()).decode("ascii")


def _read(run: Run, objectives: list[str]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return the columns of the candidates by number, and the names of origins."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT origin, min(id), max(id) FROM runs_candidate WHERE run_id = %s GROUP BY origin",
            [run.pk],
        )
        found = cursor.fetchall()
    origins = sorted(origin for origin, _, _ in found)
    low = min((first for _, first, _ in found), default=0)
    high = max((last for _, _, last in found), default=0)
    query = _query(run, objectives, origins, low, high)
    # Binary, because text would double the size of the answer; Django's own cursors read text.
    arrays: Any = Cursor(connection.connection).execute(query, binary=True).fetchone()
    names = [name for name, _, _ in FIXED] + [f"value{i}" for i in range(len(objectives))]
    kinds = [kind for _, _, kind in FIXED] + [">f8"] * len(objectives)
    triples = zip(names, kinds, arrays, strict=True)
    return {name: _column(kind, data) for name, kind, data in triples}, origins


def _query(run: Run, objectives: list[str], origins: list[str], low: int, high: int) -> Any:
    """Return a query of one row: every column as an array in PostgreSQL's binary form."""
    arrays = {
        "states": sql.SQL("{}::text[]").format(sql.Literal(STATES)),
        "origins": sql.SQL("{}::text[]").format(sql.Literal(origins)),
    }
    columns = [
        sql.SQL("{} AS {}").format(sql.SQL(expression).format(**arrays), sql.Identifier(name))
        for name, expression, _ in FIXED
    ]
    joins = []
    for i, name in enumerate(objectives):
        table, column = sql.Identifier(f"m{i}"), sql.Identifier(f"value{i}")
        columns.append(sql.SQL("coalesce({}.value, 'NaN'::float8) AS {}").format(table, column))
        joins.append(
            sql.SQL(
                "LEFT JOIN runs_measurement {0} ON {0}.candidate_id = c.id "
                "AND {0}.objective = {1} AND {0}.candidate_id BETWEEN {2} AND {3}"
            ).format(table, sql.Literal(name), sql.Literal(low), sql.Literal(high))
        )
    names = [name for name, _, _ in FIXED] + [f"value{i}" for i in range(len(objectives))]
    sent = [sql.SQL("array_send(array_agg({}))").format(sql.Identifier(name)) for name in names]
    return sql.SQL(
        "SELECT {} FROM (SELECT {} FROM runs_candidate c {} WHERE c.run_id = {} "
        "ORDER BY c.number) AS ordered"
    ).format(
        sql.SQL(", ").join(sent),
        sql.SQL(", ").join(columns),
        sql.SQL(" ").join(joins),
        sql.Literal(run.pk),
    )


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


def _kept(rows: dict[str, np.ndarray], run: Run, objectives: int) -> np.ndarray:
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
    for one, other in combinations(grids, 2):
        for first, second in zip(one, other, strict=True):
            keep[np.unique(first * GRID + second, return_index=True)[1]] = True
    if objectives == 1:
        keep[np.unique(grids[0][1], return_index=True)[1]] = True
    return keep


def _cells(values: np.ndarray) -> np.ndarray:
    """Return the cell of each value on one axis; values that are not finite are in the first."""
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 1.0)
    width = (high / GRID - low / GRID) or 1.0  # divided first: the difference may overflow
    cells = np.nan_to_num((values - low) / width, nan=0.0, posinf=GRID, neginf=0.0)
    return np.clip(cells, 0, GRID - 1).astype(np.int64)


def _lineage(rows: dict[str, np.ndarray], best: int | None) -> list[int]:
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
