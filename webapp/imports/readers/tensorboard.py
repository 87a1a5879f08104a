"""Scalars of TensorBoard's event files; TensorBoard and protobuf are not needed.

A file is a sequence of records (length, checksum, content, checksum), each a protobuf message
`Event`: step (2) and summary (5) with values (1) of tag (1) and number (2), or a tensor (8).
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from nasengine.core.errors import EngineError

from .recorded import (
    MAX_STEP,
    Recorded,
    RecordedRun,
    Series,
    check_size,
    chosen_objectives,
    finite,
    plain_name,
)

PATTERN = "*tfevents*"
MAX_RECORD = 10_000_000  # larger ones hold pictures
FLOAT, DOUBLE = 1, 2  # types of a tensor


def is_folder(root: Path) -> bool:
    """Return whether a folder holds event files at any depth."""
    return next(root.rglob(PATTERN), None) is not None


def read_folder(root: Path, wanted: str) -> list[RecordedRun]:
    """Return one run: each folder with event files is a candidate, with the last scalars.

    Args:
        root: the log folder.
        wanted: the objectives, see `chosen_objectives`; "": those that most folders have.

    Raises:
        EngineError: no file has a scalar, or a file is damaged.
    """
    files = sorted(path for path in root.rglob(PATTERN) if path.is_file() and not path.is_symlink())
    folders = sorted({path.parent for path in files})
    check_size(len(folders))
    candidates = []
    for folder in folders:
        values: dict[str, float] = {}
        curves: dict[str, Series] = {}
        times: list[float] = []
        for path in (file for file in files if file.parent == folder):
            for time, step, tag, number in scalars_in(path):
                value, named = finite(number), plain_name(tag)
                if value is not None:
                    values[named] = value
                    if 0 <= step <= MAX_STEP:
                        curves.setdefault(named, Series()).add(step, value)
                times.append(time)
        name = folder.relative_to(root).as_posix()
        began = datetime.fromtimestamp(min(times), UTC) if times and 0 < min(times) < 4e9 else None
        seconds = max(times) - min(times) if times else None
        state = "done" if values else "failed"
        candidates.append(Recorded(state, {"folder": name}, values, began, seconds, curves))
    known = Counter(name for candidate in candidates for name in candidate.values)
    better = chosen_objectives(wanted, dict(known))
    return [RecordedRun(root.name, "tensorboard", better, tuple(candidates))]


def scalars_in(path: Path) -> Iterator[tuple[float, int, str, float]]:
    """Yield time, step, tag and number of each scalar of an event file, in order.

    A file that ends in the middle of a record, as that of a killed process, ends there.

    Raises:
        EngineError: the file is no event file.
    """
    with path.open("rb") as file:
        first = True
        while len(header := file.read(12)) == 12:
            (length,) = struct.unpack("<Q", header[:8])
            if length > MAX_RECORD:
                if first or length > path.stat().st_size:
                    raise EngineError(f"{path.name} is no event file of TensorBoard, or damaged")
                file.seek(length + 4, 1)
                continue
            content = file.read(length)
            if len(content) < length or len(file.read(4)) < 4:
                return
            first = False
            try:
                yield from _scalars(content)
            except (IndexError, struct.error, UnicodeDecodeError, ValueError):
                raise EngineError(f"{path.name} has a damaged record") from None


def _scalars(event: bytes) -> Iterator[tuple[float, int, str, float]]:
    time, step, summaries = 0.0, 0, []
    for number, value in _fields(event):
        if number == 1 and len(value) == 8:
            (time,) = struct.unpack("<d", value)
        elif number == 2:
            step, _ = _varint(value, 0)
        elif number == 5:
            summaries.append(value)
    for summary in summaries:
        for number, value in _fields(summary):
            if number == 1:
                tag, scalar = _tagged(value)
                if scalar is not None:
                    yield time, step, tag, scalar


def _tagged(message: bytes) -> tuple[str, float | None]:
    tag, scalar = "", None
    for number, value in _fields(message):
        if number == 1:
            tag = value.decode()
        elif number == 2 and len(value) == 4:
            (scalar,) = struct.unpack("<f", value)
        elif number == 8:
            scalar = _tensor(value)
    return tag, scalar


def _tensor(message: bytes) -> float | None:
    """Return the number of a tensor of one element; None for others."""
    kind, content = 0, b""
    for number, value in _fields(message):
        if number == 1:
            kind = value[0]
        elif number in (4, 5, 6):  # the bytes, the packed floats, the packed doubles
            content = value
    form = {FLOAT: "<f", DOUBLE: "<d"}.get(kind)
    if form is None or len(content) != struct.calcsize(form):
        return None
    return float(struct.unpack(form, content)[0])


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of each field of a protobuf message; a varint is one byte or more."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire = key & 7
        if wire == 0:
            start = at
            _, at = _varint(message, at)
            value = message[start:at]
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            value, at = message[at : at + size], at + size
        elif wire == 2:
            size, at = _varint(message, at)
            value, at = message[at : at + size], at + size
        else:
            raise ValueError(f"wire type {wire}")
        if at > len(message):
            raise IndexError("the message is cut off")
        yield key >> 3, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError("a number is too long")
