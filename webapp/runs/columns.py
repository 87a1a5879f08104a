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
from psycopg import sql

from .models import CandidateState, Run

MAX_CANDIDATES = 12_000  # above it, dominated candidates are thinned
GRID = 40  # cells per axis of the grids that thinning keeps one candidate of
STATES = [str(state) for state in CandidateState.values]
BY_BYTES = 'origin COLLATE "C"'  # sorted as scripts sort
HEADER_BYTES = 19  # of PostgreSQL's binary format: signature, flags, extension
TRAILER_BYTES = 2

FIXED = (
    ("number", "c.number::int4", ">i4"),
    ("state", "array_position({states}, c.state::text)::int4", ">i4"),
    ("infeasible", "(coalesce(c.violation, 0) <> 0)::int4", ">i4"),
    ("ended", "coalesce(c.ended_order, -1)::int4", ">i4"),
    ("parent0", "coalesce(c.parents[1], -1)::int4", ">i4"),
    ("parent1", "coalesce(c.parents[2], -1)::int4", ">i4"),
    (
        "architecture",
        "CASE WHEN c.architecture_id ~ '^[0-9a-f]{{8}}' "
        "THEN ('x' || left(c.architecture_id, 8))::bit(32)::int4 ELSE 0 END",
        ">i4",
    ),
    ("origin", "array_position({origins}, c.origin::text)::int4", ">i4"),
)


def candidate_columns(run: Run, objectives: list[str]) -> dict[str, Any]:
    """Return the candidates as base64 columns, dominated ones thinned above `MAX_CANDIDATES`.

    `number` and `ended` are differences from the candidate before, which compress to almost
    nothing. `values` has one column per objective, NaN where there is no value. `total` counts
    all candidates.
    """
    rows, origins = _read(run, objectives)
    total = len(rows)
    if total > MAX_CANDIDATES:
        rows = rows[_kept(rows, run, len(objectives))]
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
        "architecture": _packed(rows["architecture"].view(">u4"), "<u4"),
        "values": {name: _packed(rows[f"value{i}"], "<f8") for i, name in enumerate(objectives)},
    }


def _packed(column: np.ndarray, kind: str) -> str:
    return base64.b64encode(column.astype(kind).tobytes()).decode("ascii")


def _read(run: Run, objectives: list[str]) -> tuple[np.ndarray, list[str]]:
    """Return the candidates by number as a structured array, and the names of origins."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT array_agg(DISTINCT {BY_BYTES} ORDER BY {BY_BYTES}), min(id), max(id) "
            "FROM runs_candidate WHERE run_id = %s",
            [run.pk],
        )
        origins, low, high = cursor.fetchone()
        query = _query(run, objectives, origins or [], low or 0, high or 0)
        with cursor.copy(query.as_string(cursor.connection)) as copy:
            data = b"".join(bytes(block) for block in copy)
    return _records(data, len(objectives)), origins or []


def _query(run: Run, objectives: list[str], origins: list[str], low: int, high: int) -> Any:
    """Return a COPY in which every column has a fixed width and a value."""
    arrays = {
        "states": sql.SQL("{}::text[]").format(sql.Literal(STATES)),
        "origins": sql.SQL("{}::text[]").format(sql.Literal(origins)),
    }
    columns = [sql.SQL(expression).format(**arrays) for _, expression, _ in FIXED]
    joins = []
    for i, name in enumerate(objectives):
        table = sql.Identifier(f"m{i}")
        columns.append(sql.SQL("coalesce({}.value, 'NaN'::float8)").format(table))
        joins.append(
            sql.SQL(
                "LEFT JOIN runs_measurement {0} ON {0}.candidate_id = c.id "
                "AND {0}.objective = {1} AND {0}.candidate_id BETWEEN {2} AND {3}"
            ).format(table, sql.Literal(name), sql.Literal(low), sql.Literal(high))
        )
    return sql.SQL(
        "COPY (SELECT {} FROM runs_candidate c {} WHERE c.run_id = {} ORDER BY c.number) "
        "TO STDOUT (FORMAT BINARY)"
    ).format(sql.SQL(", ").join(columns), sql.SQL(" ").join(joins), sql.Literal(run.pk))


def _records(data: bytes, objectives: int) -> np.ndarray:
    """Return PostgreSQL's binary rows, all of one width, as an array with named columns."""
    pairs = [(name, kind) for name, _, kind in FIXED]
    pairs += [(f"value{i}", ">f8") for i in range(objectives)]
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in pairs:
        layout += [(f"length of {name}", ">i4"), (name, kind)]
    return np.frombuffer(data[HEADER_BYTES : len(data) - TRAILER_BYTES], dtype=layout)


def _kept(rows: np.ndarray, run: Run, objectives: int) -> np.ndarray:
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
        values = rows[f"value{i}"].astype(float)
        finite = np.isfinite(values)
        if finite.any():
            keep[np.nanargmin(np.where(finite, values, np.nan))] = True
            keep[np.nanargmax(np.where(finite, values, np.nan))] = True
        grids.append((_cells(values), _cells(np.argsort(np.argsort(values)).astype(float))))
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


def _lineage(rows: np.ndarray, best: int | None) -> list[int]:
    """Return the best candidate and its first parents, back to one without parents."""
    line: list[int] = []
    while best is not None and best not in line:
        place = int(np.searchsorted(rows["number"], best))
        if place == len(rows) or rows["number"][place] != best:
            break
        line.append(best)
        parent = int(rows["parent0"][place])
        best = parent if parent >= 0 else None
    return line
