"""The decision space of a table whose architectures no built-in space reads."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any

from nasengine import catalog
from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.core.settings import MAX_TEXT_LENGTH
from nasengine.estimators.tables.canonical import CanonicalTable
from nasengine.estimators.tables.column import parse_column
from nasengine.estimators.tables.csv_rows import csv_rows
from nasengine.estimators.tables.derived_space import (
    MAX_SAMPLE,
    NAME,
    DerivedSpace,
    cells_in,
    derived_space,
    space_that_reads,
)
from nasengine.estimators.tables.keys import JOINT, key_columns
from nasengine.estimators.tables.nb201_layout import ARCHITECTURE
from nasengine.spaces.decision_list.config import MAX_OPTIONS
from nasengine.spaces.decision_list.space import is_number

from .mapping import Mapping

REPEATS = 2  # an unnamed column is a decision only if its values occur so often on average


def derived(table: CanonicalTable, mapping: Mapping) -> tuple[Mapping, dict[str, Any]]:
    """Return the mapping with the space that the table defines, and findings for people.

    A mapping that names a space with networks, or a list of decisions with its settings, is
    returned as it is, and so is one without a space if a built-in space reads the rows. Without
    columns of the architecture, those that look like decisions are taken.

    Raises:
        InvalidSettings: no column can be a decision, or the space that is asked for cannot be
            derived.
    """
    asked = bool(mapping.space) and not catalog.load("spaces", mapping.space).builds_networks
    if mapping.space_config or (mapping.space and not asked):
        return replace(mapping, architecture=mapping.architecture or ARCHITECTURE), {}
    left_out: list[str] = []
    architecture = mapping.architecture
    if not architecture:
        taken, left_out = _decision_columns(table, mapping)
        if not taken:
            raise InvalidSettings({"architecture": _nothing(table, left_out)})
        architecture = ",".join(taken)
        asked = True
    keys = key_columns(architecture)
    if any(name not in table.header for name in keys):
        return mapping, {}  # the check of the columns reports it
    if not asked and _is_read(table, keys):
        return mapping, {}
    try:
        with _rows(table) as rows:
            found = derived_space(keys, cells_in(table.header, keys, rows))
        return _filled(mapping, found), _notes(found, left_out)
    except InvalidSettings as error:
        reason = "; ".join(error.errors.values())
    except EngineError as error:
        reason = str(error)
    if asked:
        raise InvalidSettings({"architecture": reason})
    return mapping, {"no_space": reason}


def _filled(mapping: Mapping, derived: DerivedSpace) -> Mapping:
    architecture = ",".join(derived.columns)
    if len(architecture) > MAX_TEXT_LENGTH:
        raise EngineError(
            f"the names of the {len(derived.columns)} columns have {len(architecture):,} "
            f"characters together, and may have {MAX_TEXT_LENGTH:,}: shorten them"
        )
    return replace(mapping, space=NAME, space_config=derived.config, architecture=architecture)


def _notes(derived: DerivedSpace, left_out: list[str]) -> dict[str, Any]:
    return {"constant": list(derived.constant), "left_out": left_out}


def _is_read(table: CanonicalTable, keys: tuple[str, ...]) -> bool:
    with _rows(table) as rows:
        cells = islice(cells_in(table.header, keys, rows), MAX_SAMPLE)
        return bool(space_that_reads([JOINT.join(row) for row in cells], len(keys)))


def _decision_columns(table: CanonicalTable, mapping: Mapping) -> tuple[list[str], list[str]]:
    """Return the columns that look like decisions, and the other ones that have no meaning yet.

    A column looks like a decision if its values are whole numbers or texts that occur again.
    """
    named = {parse_column(text).column for text in (*mapping.columns, *mapping.report)}
    rest = tuple(name for name in table.header if name not in named)
    values: list[dict[str, None]] = [{} for _ in rest]
    with _rows(table) as rows:
        for cells in cells_in(table.header, rest, rows):
            for seen, cell in zip(values, cells, strict=True):
                if cell and len(seen) <= MAX_OPTIONS:
                    seen.setdefault(cell)
    taken = [
        name
        for name, seen in zip(rest, values, strict=True)
        if 1 < len(seen) <= min(MAX_OPTIONS, max(2, table.rows // REPEATS))
        and not any(is_number(cell) and not cell.lstrip("+-").isdecimal() for cell in seen)
    ]
    return taken, [name for name in rest if name not in taken]


def _nothing(table: CanonicalTable, left_out: list[str]) -> str:
    return (
        f"is empty, and none of the columns {', '.join(left_out)[:300] or 'left'} looks like a "
        "decision (whole numbers or names that occur again): name the columns of the architecture"
    )


@contextmanager
def _rows(table: CanonicalTable) -> Iterator[Iterator[list[str]]]:
    """Yield the rows of the table without its header."""
    with csv_rows(io.BytesIO(table.text), "the table") as rows:
        next(rows, None)
        yield rows
