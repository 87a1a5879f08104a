"""The cells of a CSV table, read once per process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...core.errors import EngineError
from ...core.text import one_line, shorten
from ...data.common.roots import allowed_path
from .csv_rows import Rows, header_in, unreadable
from .imported import imported_table
from .json_rows import table_rows
from .keys import JOINT
from .packaged import packaged_table

MAX_ROWS = 5_000_000


class Stamp(NamedTuple):
    """Identity of a file's content: equal stamps mean an unchanged file. `name` is for messages."""

    path: str
    changed_ns: int
    size: int
    name: str


@dataclass(frozen=True)
class Cells:
    """The numbers of k columns (n x k, NaN for other cells) and the row of each architecture.

    The key of an architecture is the text of its column, or several texts joined by JOINT. The
    first row of an architecture counts. `table` is the table's name for messages.
    """

    table: str
    columns: tuple[str, ...]
    rows: dict[str, int]
    numbers: np.ndarray

    def get(self, architecture: str) -> dict[str, float] | None:
        """Return the numbers of an architecture by column, None if the table has no row for it."""
        row = self.rows.get(architecture)
        if row is None:
            return None
        return dict(zip(self.columns, map(float, self.numbers[row]), strict=True))


def header_of(path: str) -> tuple[str, ...]:
    """Return the column names of a table.

    Raises:
        EngineError: the file is missing, not allowed, or not a CSV table.
    """
    return _header(stamp_of(path))


def cells_of(path: str, architecture: tuple[str, ...], columns: tuple[str, ...]) -> Cells:
    """Return the named columns of a table, cached until the file changes.

    Raises:
        EngineError: as `header_of`, or a column is missing.
    """
    return _cells(stamp_of(path), architecture, columns)


def stamp_of(text: str) -> Stamp:
    """Return the stamp of the file that a setting `path` names.

    Raises:
        EngineError: the file is missing or not allowed.
    """
    if not text.strip():
        raise EngineError("is empty: name a table, or a file .csv, .json or .gz")
    if packaged := packaged_table(text):
        stat = packaged.file.stat()
        return Stamp(str(packaged.file), stat.st_mtime_ns, stat.st_size, packaged.name)
    imported = imported_table(text)
    path = imported.file if imported else allowed_path(text.strip())
    name = imported.label if imported else path.name
    try:
        if not path.is_file():
            raise EngineError(
                f"the imported table {name} is not on this machine: launch the search again"
                if imported
                else f"{shorten(text, 200)} does not exist or is not a file: correct the path"
            )
        stat = path.stat()
    except OSError as error:
        raise unreadable(name, error) from None
    return Stamp(str(path), stat.st_mtime_ns, stat.st_size, name)


@lru_cache(maxsize=32)
def _header(stamp: Stamp) -> tuple[str, ...]:
    with rows_of(stamp) as rows:
        return header_in(rows, stamp.name)


@lru_cache(maxsize=4)
def _cells(stamp: Stamp, architecture: tuple[str, ...], columns: tuple[str, ...]) -> Cells:
    header = _header(stamp)
    missing = [name for name in (*architecture, *columns) if name not in header]
    if missing:
        raise EngineError(
            f"{stamp.name} has no column {one_line(', '.join(missing), 200)}; "
            f"it has {one_line(', '.join(header), 300)}"
        )
    keys, positions = ([header.index(n) for n in names] for names in (architecture, columns))
    last = max(keys)
    row_of: dict[str, int] = {}
    numbers: list[list[float]] = []
    with rows_of(stamp) as rows:
        next(rows, None)
        for row in rows:
            if len(row) <= last or (key := JOINT.join(row[k] for k in keys)) in row_of:
                continue
            if len(numbers) == MAX_ROWS:
                raise EngineError(f"{stamp.name} has more than {MAX_ROWS:,} rows")
            row_of[key] = len(numbers)
            numbers.append([number(row[p]) if p < len(row) else np.nan for p in positions])
    return Cells(stamp.name, columns, row_of, np.array(numbers).reshape(len(numbers), len(columns)))


@contextmanager
def rows_of(stamp: Stamp) -> Iterator[Rows]:
    """Yield the rows of a table, the header first.

    Raises:
        EngineError: the table cannot be read.
    """
    try:
        with Path(stamp.path).open("rb") as raw, table_rows(raw, stamp.name) as rows:
            yield rows
    except OSError as error:
        raise unreadable(stamp.name, error) from None


def number(cell: str) -> float:
    """Return the number in a cell, NaN if it is not a number."""
    try:
        return float(cell)
    except ValueError:
        return np.nan
