"""Rows of a table in JSON: a list of objects, or one object per line."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, BinaryIO

from ...core.errors import EngineError
from ...core.text import one_line, shorten
from .csv_rows import CHUNK, Rows, csv_rows, limited

START = re.compile(rb"(\xef\xbb\xbf)?\s*(\[\s*[\[{\]]|\{\s*[\"}])")


def is_json(raw: BinaryIO, name: str) -> bool:
    """Return whether an open file, which may be compressed with gzip, holds JSON."""
    try:
        start = limited(raw, name, None).peek(CHUNK)
    except (OSError, EOFError, zlib.error):
        start = b""  # reading the rows says what is wrong
    raw.seek(0)
    return START.match(start) is not None


def table_rows(
    raw: BinaryIO, name: str, max_bytes: int | None = None
) -> AbstractContextManager[Rows]:
    """Return the rows of an open table in CSV or JSON, whichever its content is.

    Args:
        raw: The open file, which may be compressed with gzip.
        name: Name of the table for messages.
        max_bytes: Largest uncompressed size; None: any.

    Raises:
        EngineError: the file is neither, or too large; also raised inside the block.
    """
    if is_json(raw, name):
        return nullcontext(json_rows(raw, name, max_bytes))
    return csv_rows(raw, name, max_bytes)


def json_rows(raw: BinaryIO, name: str, max_bytes: int | None) -> Rows:
    """Return the rows of a JSON table as those of a CSV file: a header, then the cells as text.

    Numbers keep their text, null and NaN are empty cells.

    Args:
        raw: The open file.
        name: Name of the table for messages.
        max_bytes: Largest uncompressed size; None: any.

    Raises:
        EngineError: the file is no JSON in UTF-8, no list of flat objects, or too large.
    """
    try:
        text = limited(raw, name, max_bytes).read().decode("utf-8-sig")
        values = _read(text) if text.lstrip().startswith("[") else _read_lines(text)
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        if isinstance(error, EngineError):
            raise
        reason = one_line(str(error), 120)
        raise EngineError(
            f"{name} is no JSON table ({reason}): write a list of objects, or one object per line"
        ) from None
    return _rows(values, name)


def _read(text: str) -> Any:
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=lambda _: None)


def _read_lines(text: str) -> list[Any]:
    return [_read(line) for line in text.splitlines() if line.strip()]


def _rows(values: Any, name: str) -> Iterator[list[str]]:
    header: dict[str, None] = {}
    for number, row in enumerate(values, start=1):
        if not isinstance(row, dict):
            raise EngineError(
                f"{name} has {shorten(row, 40)} as row {number:,}: write each row as an object "
                "from column to cell"
            )
        header.update(dict.fromkeys(row))
    yield list(header)
    for number, row in enumerate(values, start=1):
        yield [_cell(row.get(column), column, number, name) for column in header]


def _cell(value: Any, column: str, number: int, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return " ".join(value.encode("utf-8", "replace").decode("utf-8").splitlines())
    raise EngineError(
        f"{name} has a list or object in column {shorten(column, 40)} of row {number:,}: write "
        "one column for each of its values"
    )
