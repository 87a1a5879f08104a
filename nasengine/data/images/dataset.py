"""Data set `images`: any labelled folder or .npz file a person names."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import DataMissing
from ...core.settings import setting
from ..common.npz import read_npz
from ..common.raw_images import RawImages, decode
from ..common.roots import named_path, stamp
from ..common.settings import FilesConfig
from ..common.split import set_test_apart
from ..common.stored import Stored, StoredDataset
from .labelled_folder import LAYOUT, class_names, image_files, raw_images

HOLDS = f"{LAYOUT}, or an .npz file"


@dataclass(frozen=True)
class ImagesConfig(FilesConfig):
    """Settings of `images`."""

    path: str = setting(
        "", "Folder with a folder for each class, or an .npz file, on the machine that trains."
    )
    test_path: str = setting(
        "",
        "Test images in the same form; empty: the source's own test part, else a fixed fifth.",
    )
    size: int = setting(
        32, "Height and width every image is resized to.", low=4, high=512, unit="pixels"
    )
    colour: bool = setting(True, "Three channels; off: one, of greys.")


class Images(StoredDataset):
    """Labels are the places of the class folders in alphabetical order.

    A folder that holds `train` and `test` is taken at its word; otherwise the test part
    is `test_path`, the file's own, or a fixed, stratified fifth.
    """

    name = "images"
    Config = ImagesConfig
    config: ImagesConfig

    def stamp(self) -> Hashable:
        return stamp([file for source in self._sources() if source for file in _files(source)])

    def read(self) -> Stored:
        source, test_source = self._sources()
        raw, own_test = _raw(source, _classes(source))
        raw_test = _raw(test_source, _classes(source))[0] if test_source else own_test
        images, digest = self._decode(raw)
        labels = raw.labels
        classes = len(_classes(source)) or int(labels.max()) + 1
        if raw_test is None:
            search, test = set_test_apart(labels)
            return Stored(
                images[search], labels[search], images[test], labels[test], classes, digest
            )
        test_images, test_digest = self._decode(raw_test)
        both = hashlib.sha256(f"{digest} {test_digest}".encode()).hexdigest()
        return Stored(images, labels, test_images, raw_test.labels, classes, both)

    def _decode(self, raw: RawImages) -> tuple:
        return decode(raw, self.config.size, self.config.colour)

    def _sources(self) -> tuple[Path, Path | None]:
        """Where the images for searching are, and where those of a separate test part."""
        source = named_path(self.config.path, self.name, HOLDS)
        if self.config.test_path.strip():
            return source, named_path(self.config.test_path, "the test part", HOLDS)
        if source.is_dir() and {"train", "test"} <= set(class_names(source)):
            return source / "train", source / "test"
        return source, None


def _classes(source: Path) -> list[str]:
    return class_names(source) if source.is_dir() else []


def _files(source: Path) -> list[Path]:
    if source.is_dir():
        return [path for _, path in image_files(source, class_names(source))]
    return [source]


def _raw(source: Path, classes: list[str]) -> tuple[RawImages, RawImages | None]:
    if not source.is_dir():
        return read_npz(source)
    unknown = set(class_names(source)) - set(classes)
    if not class_names(source) or unknown:
        found = f"the class {min(unknown)!r}, which is not in train" if unknown else "no class"
        raise DataMissing(f"{source} holds {found}: images needs {HOLDS}; correct path")
    present = [(label, path) for label, path in _labelled(source, classes)]
    return raw_images(present), None


def _labelled(source: Path, classes: list[str]) -> list[tuple[int, Path]]:
    """Files under the labels of `classes`, of which a test folder may lack some."""
    here = class_names(source)
    return [(classes.index(here[label]), path) for label, path in image_files(source, here)]
