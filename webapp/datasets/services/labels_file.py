"""A CSV file that names the class of each picture."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from nasengine.core.errors import EngineError
from nasengine.core.text import one_line, shorten

LABEL_SUFFIX = ".csv"
FILE_COLUMNS = ("file", "filename", "file_name", "image", "image_id", "path", "name", "id")
LABEL_COLUMNS = ("label", "class", "category", "target", "y", "species", "breed")
PART_COLUMNS = ("split", "part", "set", "subset")
PARTS = {"train": "train", "training": "train", "test": "test", "testing": "test"}
MAX_LABEL = 100


def read_labels(path: Path) -> list[tuple[str, str, str]]:
    """Return name, class and part ("" if no column names it) of each picture.

    Raises:
        EngineError: the file is no such table.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file)
            header = [name.strip().lower() for name in next(rows, [])]
            named, label = _column(header, FILE_COLUMNS), _column(header, LABEL_COLUMNS)
            if named is None or label is None:
                raise EngineError(
                    f"{path.name} has the columns {one_line(', '.join(header), 100) or 'none'}: it "
                    f"needs one of {', '.join(FILE_COLUMNS)} and one of {', '.join(LABEL_COLUMNS)}"
                )
            part = _column(header, PART_COLUMNS)
            found = [_read(row, named, label, part) for row in rows if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise EngineError(f"{path.name} cannot be read ({error}): save it as UTF-8") from None
    parts = {row[2] for row in found}
    if "" in parts and len(parts) > 1:
        raise EngineError(f"{path.name} names train or test in some rows only: fill in all")
    if parts and parts <= {"test"}:
        raise EngineError(f"{path.name} names no row train: use train and test")
    return [(name, text, "" if parts == {"train"} else part) for name, text, part in found]


def _column(header: list[str], names: tuple[str, ...]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _read(row: list[str], named: int, label: int, part: int | None) -> tuple[str, str, str]:
    if len(row) <= max(named, label, part or 0):
        raise EngineError(f"a row of the labels is too short: {shorten(','.join(row))}")
    text = row[label].strip()
    if not text or len(text) > MAX_LABEL or not text.isprintable():
        raise EngineError(f"{shorten(text)} is no name of a class: use 1 to {MAX_LABEL} letters")
    folder = re.sub(r"[/\\:]", "-", text).lstrip(".") or "-"
    return row[named].strip(), folder, "" if part is None else _part(row[part])


def _part(text: str) -> str:
    """Return "train" or "test"; validation pictures belong to the search part."""
    word = text.strip().lower()
    if word in ("val", "valid", "validation", "dev"):
        return "train"
    if word not in PARTS:
        raise EngineError(f"{shorten(text)} is no part: use train, valid or test")
    return PARTS[word]
