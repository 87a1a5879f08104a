"""What an import looks at in a table's rows before anybody searches on it."""

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

MAX_CHECKED = 20_000  # architectures that are held to the space, evenly over the table


@dataclass(frozen=True)
class ValidationReport:
    """Rows by what they are worth; the first three add up to all of them.

    `architectures` rows count; `repeated` ones name an architecture that came before, and
    `nameless` ones none. `finite` says for each column how many of those that count hold a
    number that becomes a finite value. `fit` is None where no space was given.
    """

    architectures: int
    repeated: int
    nameless: int
    finite: tuple[int, ...]
    fit: Fit | None


def validate_rows(
    table: CanonicalTable,
    architecture: tuple[str, ...],
    columns: Sequence[Column],
    space: Space | None,
) -> ValidationReport:
    """Reads every row once; the named columns must be in the header."""
    keys = [table.header.index(name) for name in architecture]
    places = [table.header.index(column.column) for column in columns]
    last, found, repeated, nameless = max(keys), dict[str, None](), 0, 0
    finite = [0] * len(columns)
    with csv_rows(io.BytesIO(table.text), "the table") as rows:
        next(rows, None)
        for row in rows:
            if len(row) <= last or not all(row[place] for place in keys):
                nameless += 1
                continue
            key = JOINT.join(row[place] for place in keys)
            if key in found:
                repeated += 1
                continue
            found[key] = None
            for at, (column, place) in enumerate(zip(columns, places, strict=True)):
                finite[at] += place < len(row) and _is_finite(column, row[place])
    every = max(1, -(-len(found) // MAX_CHECKED))
    sample = list(found)[::every]
    fit = SpaceMatcher(space, len(keys)).fit(sample) if space is not None else None
    return ValidationReport(len(found), repeated, nameless, tuple(finite), fit)


def _is_finite(column: Column, cell: str) -> bool:
    return math.isfinite(column.offset + column.factor * number(cell))
