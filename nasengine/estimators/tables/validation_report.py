"""Validation of a table's rows during the import."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...core.space import Space
from .canonical import CanonicalTable
from .cells import number
from .column import Column
from .csv_rows import csv_rows
from .keys import JOINT
from .space_matching import Fit, SpaceMatcher

MAX_CHECKED = 20_000  # architectures validated against the space, evenly over the table


@dataclass(frozen=True)
class ValidationReport:
    """The result of validating all rows; `architectures`, `repeated`, `nameless` are all rows.

    Attributes:
        architectures: Rows that a search can use.
        repeated: Rows of an architecture that occurred before; they are ignored.
        conflicting: Those of them with other values in the columns.
        nameless: Rows without an architecture.
        finite: For each column, the number of usable rows with a finite value.
        fit: Whether the architectures are in the space; None without a space.
    """

    architectures: int
    repeated: int
    nameless: int
    finite: tuple[int, ...]
    fit: Fit | None
    conflicting: int = 0


def validate_rows(
    table: CanonicalTable,
    architecture: tuple[str, ...],
    columns: Sequence[Column],
    space: Space | None,
) -> ValidationReport:
    """Validate every row of a table.

    Args:
        table: The table; its header must have the named columns.
        architecture: Key columns.
        columns: Columns of objectives and reports.
        space: Space of the architectures, None if it is unknown.
    """
    keys = [table.header.index(name) for name in architecture]
    positions = [table.header.index(column.column) for column in columns]
    last, seen = max(keys), dict[str, tuple[str, ...]]()
    repeated = conflicting = nameless = 0
    finite = [0] * len(columns)
    with csv_rows(io.BytesIO(table.text), "the table") as rows:
        next(rows, None)
        for row in rows:
            if len(row) <= last or not all(row[position] for position in keys):
                nameless += 1
                continue
            key = JOINT.join(row[position] for position in keys)
            values = tuple(row[position] for position in positions if position < len(row))
            if key in seen:
                repeated += 1
                conflicting += seen[key] != values
                continue
            seen[key] = values
            for i, (column, position) in enumerate(zip(columns, positions, strict=True)):
                finite[i] += position < len(row) and _is_finite(column, row[position])
    step = max(1, -(-len(seen) // MAX_CHECKED))
    sample = list(seen)[::step]
    fit = SpaceMatcher(space, len(keys)).fit(sample) if space is not None else None
    return ValidationReport(len(seen), repeated, nameless, tuple(finite), fit, conflicting)


def _is_finite(column: Column, cell: str) -> bool:
    return math.isfinite(column.offset + column.factor * number(cell))
