"""The canonical form of a CSV table, which is stored and determines its digest."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

from ...core.errors import EngineError
from ...core.text import shorten
from .csv_rows import header_in
from .json_rows import table_rows

MAX_COLUMN_LENGTH = 100


@dataclass(frozen=True)
class CanonicalTable:
    """A table as CSV in UTF-8: a header and `rows` rows, with a line feed after every line.

    Equal cells give equal text, independent of compression, quotes and spaces in the file.
    """

    header: tuple[str, ...]
    rows: int
    text: bytes

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the text (64 hex digits)."""
        return hashlib.sha256(self.text).hexdigest()


def canonical_table(raw: BinaryIO, name: str, max_bytes: int) -> CanonicalTable:
    """Read a table from an open CSV or JSON file, optionally compressed with gzip.

    Empty lines are dropped. Nothing in the file is executed.

    Args:
        raw: The open file.
        name: Name of the table for messages.
        max_bytes: Largest uncompressed size.

    Raises:
        EngineError: the file is no JSON table and not CSV in UTF-8 with a header, has no rows, is
            too large, or a row has more cells than columns.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    count = 0
    with table_rows(raw, name, max_bytes) as rows:
        header = header_in(rows, name)
        _check_names(header, name)
        writer.writerow(header)
        for number, row in enumerate(rows, start=2):
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if any(cells[len(header) :]):
                raise EngineError(
                    f"{name} has {len(cells):,} cells in row {number:,} but {len(header):,} "
                    "columns: "
                    "correct the row"
                )
            writer.writerow(cells[: len(header)])
            count += 1
    if not count:
        raise EngineError(f"{name} has a header but no rows: choose a table with rows")
    return CanonicalTable(header, count, text.getvalue().encode())


def _check_names(header: tuple[str, ...], name: str) -> None:
    """Check that settings can name the columns."""
    for column in header:
        if not column or len(column) > MAX_COLUMN_LENGTH or not column.isprintable():
            raise EngineError(
                f"{name} has a column {shorten(column, 40)}: names must have 1 to "
                f"{MAX_COLUMN_LENGTH} printable characters; rename it"
            )
