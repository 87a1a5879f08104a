"""Rows of a CSV file, optionally compressed with gzip, and the errors of reading it."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import BinaryIO

from ...core.errors import EngineError
from ...core.text import one_line, shorten

UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?')  # the first line that Excel understands
DECIMAL_COMMA = re.compile(r"^\s*([+-]?\d+),(\d+(?:[eE][+-]?\d+)?)\s*$")
MAX_LINE = 1 << 20  # characters of a header
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
        EngineError: the file is not CSV in UTF-8 or UTF-16, or too large; also raised inside the
            block.
    """
    try:
        stream = limited(raw, name, max_bytes)
        encoding = "utf-16" if stream.peek(2)[:2] in UTF_16_MARKS else "utf-8-sig"
        yield _rows(io.TextIOWrapper(stream, encoding=encoding, newline=""), name)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise unreadable(name, error) from None


def limited(raw: BinaryIO, name: str, max_bytes: int | None) -> io.BufferedReader:
    """Return the content of an open file, uncompressed; it ends with an error after `max_bytes`."""
    compressed = raw.read(2) == GZIP_MAGIC
    raw.seek(0)
    stream = gzip.GzipFile(fileobj=raw) if compressed else raw
    return io.BufferedReader(_SizeLimited(stream, name, max_bytes), CHUNK)


def header_in(rows: Rows, name: str) -> tuple[str, ...]:
    """Return the column names in the first row.

    Nameless columns at the end are left out, as of a spreadsheet that ends lines with commas. Any
    other nameless column, such as an index, is called by its position: "column 1".

    Raises:
        EngineError: the row does not have at least two different names.
    """
    cells = [plain_name(cell) for cell in next(rows, [])]
    while cells and not cells[-1]:
        cells.pop()
    header = tuple(cell or f"column {position}" for position, cell in enumerate(cells, start=1))
    if len(header) < 2:
        raise EngineError(
            f"{name} has no header row: the first line must have at least two different "
            "column names, separated by commas, semicolons or tabs"
        )
    if repeated := next((cell for cell in header if header.count(cell) > 1), None):
        raise EngineError(
            f"{name} has no header row of different names: {shorten(repeated)} is there "
            f"{header.count(repeated)} times; rename the columns"
        )
    if len(header) > MAX_COLUMNS:
        raise EngineError(f"{name} has {len(header):,} columns: keep at most {MAX_COLUMNS:,}")
    return header


def plain_name(name: str) -> str:
    """Return a column's name as settings can name it: a comma or colon becomes "_"."""
    return re.sub(r"\s*[,:]\s*", "_", name.strip())


def _rows(text: io.TextIOWrapper, name: str) -> Rows:
    """Yield the rows of a text.

    Raises:
        EngineError: a quote is not closed in its line, so that the rows after it would be lost.
    """
    first = text.readline(MAX_LINE)
    if separator := SEPARATOR_LINE.fullmatch(first.strip()):
        delimiter, first = separator[1], text.readline(MAX_LINE)
    else:
        delimiter = _delimiter(first)
    reader = csv.reader(chain([first], text), delimiter=delimiter, strict=True)
    line = 1 + bool(separator)
    while True:
        before = reader.line_num
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field limit" in str(error) and reader.line_num - before <= 1:
                raise  # one very long cell
            raise _bad_line(name, line, str(error)) from None
        lines = reader.line_num - before
        if lines > 1:
            raise _bad_line(name, line, f"a cell goes on for {lines:,} lines")
        line += 1
        yield row if delimiter == "," else [DECIMAL_COMMA.sub(r"\1.\2", cell) for cell in row]


def _delimiter(line: str) -> str:
    """Return which of comma, semicolon and tab separates the cells of a header."""
    outside = "".join(line.split('"')[::2])
    return max(",;\t", key=outside.count)


def _bad_line(name: str, line: int, reason: str) -> EngineError:
    return EngineError(
        f"{name} has a quote in line {line:,} that is not closed there ({reason}): "
        "close the quote or remove it"
    )


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
