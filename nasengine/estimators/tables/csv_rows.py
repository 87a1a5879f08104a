"""The rows of a CSV file, gzip'd or not, and what is said where it is none."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from ...core.errors import EngineError

GZIP_MAGIC = b"\x1f\x8b"
MAX_COLUMNS = 2000
CHUNK = 1 << 16
Rows = Iterator[list[str]]


@contextmanager
def csv_rows(raw: BinaryIO, name: str, most_bytes: int | None = None) -> Iterator[Rows]:
    """The rows of an open file, each a list of cells; read as they are asked for.

    Unpacks no more than `most_bytes`, however small the packed file is.

    Raises:
        EngineError: inside too, when the file turns out to be no CSV in UTF-8 or too large.
    """
    try:
        packed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        stream = gzip.GzipFile(fileobj=raw) if packed else raw
        bounded = io.BufferedReader(_Bounded(stream, name, most_bytes), CHUNK)
        yield csv.reader(io.TextIOWrapper(bounded, encoding="utf-8-sig", newline=""))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise unreadable(name, error) from None


def header_in(rows: Rows, name: str) -> tuple[str, ...]:
    """The names of the columns: the first of the rows.

    Raises:
        EngineError: it does not name at least two columns, each once.
    """
    header = tuple(cell.strip() for cell in next(rows, []))
    if len(header) < 2 or len(set(header)) < len(header):
        raise EngineError(
            f"{name} has no header row: its first line must name at least two "
            "columns, each once, separated by commas"
        )
    if len(header) > MAX_COLUMNS:
        raise EngineError(f"{name} has {len(header):,} columns: leave at most {MAX_COLUMNS:,}")
    return header


def unreadable(name: str, error: Exception) -> EngineError:
    """Why a file cannot be read, for people."""
    reason = getattr(error, "strerror", None) or error
    return EngineError(
        f"{name} cannot be read ({str(reason)[:120]}): give a CSV file in UTF-8, gzip'd or not"
    )


class _Bounded(io.RawIOBase):
    """A stream that refuses to give more than so many bytes."""

    def __init__(self, stream: BinaryIO | gzip.GzipFile, name: str, most: int | None):
        self._stream = stream
        self._name = name
        self._most = most
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        self._given += len(data)
        if self._most is not None and self._given > self._most:
            raise EngineError(
                f"{self._name} holds more than {self._most / 1e6:,.0f} MB when unpacked: "
                "leave out rows or columns that nobody needs"
            )
        buffer[: len(data)] = data
        return len(data)
