"""Reading a CSV table, gzip'd or not, once a process."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...core.errors import EngineError
from ...data.roots import allowed

GZIP_MAGIC = b"\x1f\x8b"
MOST_ROWS = 5_000_000
Stamp = tuple[str, int, int]


@dataclass(frozen=True)
class Cells:
    """Numbers n x k of k columns, NaN where a cell holds none, and architecture -> row.

    Where an architecture occurs twice its first row counts.
    """

    columns: tuple[str, ...]
    rows: dict[str, int]
    numbers: np.ndarray

    def get(self, architecture: str) -> dict[str, float] | None:
        """Column -> number of one architecture, None where the table lacks it."""
        row = self.rows.get(architecture)
        if row is None:
            return None
        return dict(zip(self.columns, map(float, self.numbers[row]), strict=True))


def header_of(path: str) -> tuple[str, ...]:
    """The names of a table's columns.

    Raises:
        EngineError: the file is not there, may not be read, or is no CSV table.
    """
    return _header(_stamp(path))


def cells_of(path: str, architecture: str, columns: tuple[str, ...]) -> Cells:
    """The named columns of a table; kept until the file changes.

    Raises:
        EngineError: as `header_of`, or a column is not there.
    """
    return _cells(_stamp(path), architecture, columns)


def _stamp(text: str) -> Stamp:
    """Name, time of change and size: equal stamps mean an unchanged file."""
    if not text.strip():
        raise EngineError("is empty: name a table, a file .csv or .csv.gz with a header row")
    path = allowed(text.strip())
    try:
        if not path.is_file():
            raise EngineError(f"{text[:200]!r} is not there, or no file: correct the path")
        stat = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from None
    return str(path), stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=32)
def _header(stamp: Stamp) -> tuple[str, ...]:
    with _rows(stamp) as rows:
        header = tuple(name.strip() for name in next(rows, []))
    if len(header) < 2 or len(set(header)) < len(header):
        raise EngineError(
            f"{Path(stamp[0]).name} has no header row: its first line must name at least two "
            "columns, each once, separated by commas"
        )
    return header


@lru_cache(maxsize=4)
def _cells(stamp: Stamp, architecture: str, columns: tuple[str, ...]) -> Cells:
    header = _header(stamp)
    missing = [name for name in (architecture, *columns) if name not in header]
    if missing:
        raise EngineError(
            f"{Path(stamp[0]).name} has no column {', '.join(missing)[:200]}; "
            f"it has {', '.join(header)[:300]}"
        )
    key, places = header.index(architecture), [header.index(name) for name in columns]
    found: dict[str, int] = {}
    numbers: list[list[float]] = []
    with _rows(stamp) as rows:
        next(rows, None)
        for row in rows:
            if len(row) <= key or row[key] in found:
                continue
            if len(numbers) == MOST_ROWS:
                raise EngineError(f"{Path(stamp[0]).name} has more than {MOST_ROWS:,} rows")
            found[row[key]] = len(numbers)
            numbers.append([_number(row[p]) if p < len(row) else np.nan for p in places])
    return Cells(columns, found, np.array(numbers).reshape(len(numbers), len(columns)))


@contextmanager
def _rows(stamp: Stamp) -> Iterator[Iterator[list[str]]]:
    path = Path(stamp[0])
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
            stream = gzip.GzipFile(fileobj=raw) if packed else raw
            yield csv.reader(io.TextIOWrapper(stream, encoding="utf-8-sig", newline=""))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> EngineError:
    reason = getattr(error, "strerror", None) or error
    return EngineError(
        f"{path.name} cannot be read ({str(reason)[:120]}): give a CSV file in UTF-8, gzip'd or not"
    )


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return np.nan
