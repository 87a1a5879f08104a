"""Data set `fashion-mnist`: 70,000 grey images of clothes, 28x28 pixels (1708.07747)."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...core.errors import DataMissing, EngineError
from ...core.settings import setting
from ..common.roots import allowed_path, named_path, stamp
from ..common.settings import FilesConfig
from ..common.stored import Stored, StoredDataset, digest_of
from .idx import read_idx

DEBIAN_FOLDER = "/usr/share/datasets/fashion-mnist"
HOLDS = "a folder of its four IDX files (Debian: apt install dataset-fashion-mnist)"
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
CLASSES = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)


@dataclass(frozen=True)
class FashionMnistConfig(FilesConfig):
    """Settings of `fashion-mnist`."""

    path: str = setting(
        DEBIAN_FOLDER, "Folder of the four IDX files, gzip'd or not, on the machine that trains."
    )


class FashionMnist(StoredDataset):
    """Reads the four IDX files of MNIST; MNIST itself and KMNIST have the same form.

    Their classes would then have the names of clothes.
    """

    name = "fashion-mnist"
    class_names = CLASSES
    Config = FashionMnistConfig
    config: FashionMnistConfig

    def stamp(self) -> Hashable:
        return stamp(self._files())

    def read(self) -> Stored:
        images, labels, test_images, test_labels = (read_idx(path) for path in self._files())
        for array, path in zip((images, test_images), self._files()[::2], strict=True):
            if array.ndim != 3:
                raise EngineError(f"{path} has {array.ndim} dimensions: images have 3")
        if labels.ndim != 1 or test_labels.ndim != 1:
            raise EngineError(
                f"labels in {self.config.path} are not one-dimensional: check the files"
            )
        return Stored(
            images=images[:, None],
            labels=labels.astype(np.int64),
            test_images=test_images[:, None],
            test_labels=test_labels.astype(np.int64),
            classes=10,
            digest=digest_of(images, labels, test_images, test_labels),
        )

    def _files(self) -> list[Path]:
        folder = named_path(self.config.path, self.name, HOLDS)
        return [_file(folder, name) for name in FILES]


def _file(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return allowed_path(path)
    raise DataMissing(f"{folder} has no {name}[.gz]: fashion-mnist needs {HOLDS}; correct path")
