"""Rows of a CSV file, optionally compressed with gzip, and the errors of reading it."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from ...core.errors import EngineError
from ...core.text import one_line

GZIP_MAGIC = b"\x1f\x8b"
MAX_COLUMNS = 2000
CHUNK = 1 << 16
Rows = Iterator[list[str]]


@contextmanager
def csv_rows(raw: BinaryIO, name: str, max_bytes: int | None = None) -> Iterator[Rows]:
    """Yield an iterator over the rows of an open file, each a list of cells.

    Args:
        raw: The open file.
        name: Name of the table for messages.
        max_bytes: Largest uncompressed size; reading stops there.

    Raises:
        EngineError: the file is not CSV in UTF-8, or too large; also raised inside the block.
    """
    try:
        compressed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        stream = gzip.GzipFile(fileobj=raw) if compressed else raw
        limited = io.BufferedReader(_SizeLimited(stream, name, max_bytes), CHUNK)
        yield csv.reader(io.TextIOWrapper(limited, encoding="utf-8-sig", newline=""))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise unreadable(name, error) from None


def header_in(rows: Rows, name: str) -> tuple[str, ...]:
    """Return the column names in the first row.

    Raises:
        EngineError: the row does not have at least two different names.
    """
    header = tuple(cell.strip() for cell in next(rows, []))
    if len(header) < 2 or len(set(header)) < len(header):
        raise EngineError(
            f"{name} has no header row: the first line must have at least two different "
            "column names, separated by commas"
        )
    if len(header) > MAX_COLUMNS:
        raise EngineError(f"{name} has {len(header):,} columns: keep at most {MAX_COLUMNS:,}")
    return header


def unreadable(name: str, error: Exception) -> EngineError:
    """Return the error for a file that cannot be read."""
    reason = getattr(error, "strerror", None) or error
    return EngineError(
        f"{name} cannot be read ({one_line(str(reason), 120)}): choose a CSV file in UTF-8, "
        "optionally compressed with gzip"
    )


class _SizeLimited(io.RawIOBase):
    """A stream that raises an EngineError after a number of bytes."""

    def __init__(self, stream: BinaryIO | gzip.GzipFile, name: str, limit: int | None):
        self._stream = stream
        self._name = name
        self._limit = limit
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        self._read += len(data)
        if self._limit is not None and self._read > self._limit:
            raise EngineError(
                f"{self._name} has more than {self._limit / 1e6:,.0f} MB uncompressed: "
                "remove rows or columns"
            )
        buffer[: len(data)] = data
        return len(data)
