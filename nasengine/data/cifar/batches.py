"""The published forms of CIFAR: Python batches, binary batches, .npz files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import DataMissing, EngineError
from ..common.npz import read_npz
from ..common.raw_images import RawImages, decode
from .pickled import read_pickled

SIDE = 32
PIXELS = 3 * SIDE * SIDE
Labelled = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Form:
    """File names and labels of one of the two data sets.

    `label_bytes` precede the pixels in a binary row; the last of them is the label.
    """

    train: tuple[str, ...]
    test: str
    folders: tuple[str, ...]
    label_key: str
    label_bytes: int
    classes: int


def find_files(folder: Path, form: Form, holds: str) -> tuple[list[Path], Path]:
    """Return the files of train and test, in the first form of which all files exist.

    Raises:
        DataMissing: no form is complete.
    """
    if folder.is_file():
        return [folder], folder
    for directory in (folder, *(folder / name for name in form.folders)):
        for suffix in ("", ".bin"):
            train = [directory / f"{name}{suffix}" for name in form.train]
            test = directory / f"{form.test}{suffix}"
            if all(path.is_file() for path in (*train, test)):
                return train, test
        if all((directory / f"{name}.npz").is_file() for name in ("train", "test")):
            return [directory / "train.npz"], directory / "test.npz"
    missing = f"{form.train[0]}[.bin]"
    raise DataMissing(
        f"{folder} has no complete set of {missing} ...: it needs {holds}; correct path"
    )


def read_files(train: list[Path], test: Path, form: Form) -> tuple[Labelled, Labelled]:
    """Read images (n x 3 x 32 x 32, uint8) and labels (n, int64) of train and of test.

    Raises:
        EngineError: a file is damaged or has another format.
    """
    if train == [test]:
        raw, raw_test = read_npz(test)
        if raw_test is None:
            raise EngineError(f"{test} has no test part: add x_test and y_test, or choose a folder")
        return _decoded(raw), _decoded(raw_test)
    parts = [read_file(path, form) for path in train]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return (images, labels), read_file(test, form)


def read_file(path: Path, form: Form) -> Labelled:
    """Read one batch in any of the forms."""
    if path.suffix == ".npz":
        return _decoded(read_npz(path)[0])
    if path.suffix == ".bin":
        return _binary(path, form)
    batch = read_pickled(path)
    return _checked(path, batch.get("data"), batch.get(form.label_key), form.label_key)


def _decoded(raw: RawImages) -> Labelled:
    return decode(raw, SIDE, colour=True)[0], raw.labels


def _binary(path: Path, form: Form) -> Labelled:
    content = np.frombuffer(path.read_bytes(), np.uint8)
    row = form.label_bytes + PIXELS
    if not len(content) or len(content) % row:
        raise EngineError(
            f"{path} has {len(content):,} bytes: rows have {row:,}; download the file again"
        )
    rows = content.reshape(-1, row)
    images = rows[:, form.label_bytes :].reshape(-1, 3, SIDE, SIDE)
    return images, rows[:, form.label_bytes - 1].astype(np.int64)


def _checked(path: Path, data: Any, labels: Any, label_key: str) -> Labelled:
    rule = f"a batch has data, n x {PIXELS} bytes, and {label_key}, n integers"
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.size % PIXELS:
        raise EngineError(f"{path} has no images: {rule}; download the file again")
    images = data.reshape(-1, 3, SIDE, SIDE)
    integers = isinstance(labels, (list, np.ndarray)) and all(
        isinstance(label, (int, np.integer)) for label in labels
    )
    if not integers or len(labels) != len(images):
        raise EngineError(
            f"{path} has no {label_key} for its images: {rule}; download the file again"
        )
    return images, np.array(labels, np.int64)
