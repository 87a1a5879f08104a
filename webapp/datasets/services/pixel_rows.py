"""A CSV file with a label and the pixels of one picture in each line, as of MNIST."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import numpy as np

from nasengine.core.errors import EngineError
from nasengine.core.text import shorten

from .labels_file import LABEL_COLUMNS

MAX_PIXELS = 512 * 512 * 3
NEEDS = "a label and the pixels of a square picture, grey or red, green and blue, 0 to 255"


def arrays_of_rows(path: Path, target: Path) -> None:
    """Write the pictures of a CSV file as an .npz file with `images` and `labels`.

    Raises:
        EngineError: the file has another form.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            images, labels = _read(file)
    except (UnicodeDecodeError, csv.Error) as error:
        raise EngineError(f"cannot be read as CSV ({error}): save it as UTF-8") from None
    np.savez(target, images=images, labels=labels)


def _read(file: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    rows = csv.reader(file)
    first = next(rows, [])
    header = [name.strip().lower() for name in first]
    has_header = any(not _is_number(text) for text in header)
    at = next((header.index(name) for name in LABEL_COLUMNS if name in header), 0)
    shape = _shape(len(first) - 1)
    pictures, labels = bytearray(), []
    rest = rows if has_header else chain([first], rows)
    for number, row in enumerate(rest, 1 + has_header):
        if not any(row):
            continue
        if len(row) != len(first):
            raise EngineError(f"line {number} has {len(row)} values, not {len(first)}: correct it")
        try:
            values = [int(text) for text in row]
            label = values.pop(at)
            pictures += bytes(values)
        except ValueError:
            raise EngineError(
                f"line {number} holds {shorten(_wrong(row))}, which is no whole number from 0 to "
                f"255: each line needs {NEEDS}"
            ) from None
        labels.append(label)
    if not labels:
        raise EngineError(f"has no line with a picture: each line needs {NEEDS}")
    images = np.frombuffer(bytes(pictures), np.uint8).reshape(len(labels), *shape)
    return images, np.array(labels, np.int64)


def _shape(pixels: int) -> tuple[int, ...]:
    """Return height and width, and the channels if there are three.

    Raises:
        EngineError: so many values are no square picture.
    """
    for channels in (1, 3):
        side = math.isqrt(max(pixels, 0) // channels)
        if side > 1 and side * side * channels == pixels and pixels <= MAX_PIXELS:
            return (side, side) if channels == 1 else (side, side, 3)
    raise EngineError(
        f"has {pixels + 1} columns: each line needs {NEEDS}, so 1 + side x side columns, or 1 + "
        "3 x side x side. Pictures in files are uploaded as a .zip"
    )


def _is_number(text: str) -> bool:
    return text.lstrip("-").isdigit()


def _wrong(row: list[str]) -> str:
    for text in row:
        if not _is_number(text) or not 0 <= int(text) <= 255:
            return text
    return row[0]
