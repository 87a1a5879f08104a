"""The canonical form of a CSV table: what its digest is taken of, and what is kept of it."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

from ...core.errors import EngineError
from .csv_rows import csv_rows, header_in

MAX_COLUMN_LENGTH = 100


@dataclass(frozen=True)
class CanonicalTable:
    """A table as CSV in UTF-8: a header, then `rows` rows, each line ended by a line feed.

    The same cells give the same text, however the file was packed, quoted or spaced.
    """

    header: tuple[str, ...]
    rows: int
    text: bytes

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the text, 64 hex digits."""
        return hashlib.sha256(self.text).hexdigest()


def canonical_table(raw: BinaryIO, name: str, most_bytes: int) -> CanonicalTable:
    """A table out of an open CSV file, gzip'd or not; lines without any cell are left out.

    Unpacks no more than `most_bytes`. Nothing in the file is ever executed: it is text.

    Raises:
        EngineError: it is no CSV in UTF-8 with a header, has no rows, is too large, or a
            row has more cells than there are columns.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    count = 0
    with csv_rows(raw, name, most_bytes) as rows:
        header = header_in(rows, name)
        _check_names(header, name)
        writer.writerow(header)
        for number, row in enumerate(rows, start=2):
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if any(cells[len(header) :]):
                raise EngineError(
                    f"{name} has {len(cells):,} cells in row {number:,}, and its header names "
                    f"{len(header):,} columns: correct the row"
                )
            writer.writerow(cells[: len(header)])
            count += 1
    if not count:
        raise EngineError(f"{name} has a header and no rows: give a table that holds something")
    return CanonicalTable(header, count, text.getvalue().encode())


def _check_names(header: tuple[str, ...], name: str) -> None:
    """Columns are named in settings, which separate them by commas."""
    for column in header:
        if not column or len(column) > MAX_COLUMN_LENGTH or not column.isprintable():
            raise EngineError(
                f"{name} has a column {column[:40]!r}: names have 1 to {MAX_COLUMN_LENGTH} "
                "characters that can be shown; rename it"
            )
