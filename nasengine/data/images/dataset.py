"""Data set `images`: a labelled folder or .npz file of the user."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

from ...core.data_report import DataReport
from ...core.errors import DataMissing
from ...core.settings import setting
from ..common.image_report import Source, image_report
from ..common.npz import read_npz
from ..common.raw_images import RawImages, decode
from ..common.roots import named_path, stamp
from ..common.settings import FilesConfig
from ..common.split import set_test_apart
from ..common.stored import Stored, StoredDataset
from .labelled_folder import (
    LAYOUT,
    beside,
    class_names,
    image_files,
    raw_images,
    skipped_files,
)

HOLDS = f"{LAYOUT}, or an .npz file"


@dataclass(frozen=True)
class ImagesConfig(FilesConfig):
    """Settings of `images`."""

    path: str = setting(
        "", "Folder with one subfolder per class, or an .npz file, on the machine that trains."
    )
    test_path: str = setting(
        "",
        "Test images in the same form. Default: the test part of the source, else a fixed fifth.",
    )
    size: int = setting(
        32, "Height and width to which images are resized.", low=4, high=512, unit="pixels"
    )
    colour: bool = setting(True, "Three colour channels; off: one grey channel.")


class Images(StoredDataset):
    """Images whose labels are the positions of the class folders in alphabetical order.

    The test part is `test_path` if it is set, else the subfolder `test` next to `train`, else
    the test arrays of the .npz file, else a fixed, stratified fifth.
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

    def report(self, limit: int | None = None) -> DataReport:
        source, test_source = self._sources()
        raw, own_test = _raw(source, _classes(source))
        test = _raw(test_source, _classes(source))[0] if test_source else own_test
        folders = [folder for folder in (source, test_source) if folder and folder.is_dir()]
        skipped = [path for folder in folders for path in skipped_files(folder)]
        if source.parent == (test_source.parent if test_source else None):
            skipped += beside(source.parent, folders)
        config = self.config
        return image_report(
            self.name,
            Source(raw, test, tuple(_classes(source)), tuple(skipped), self.files()),
            size=config.size,
            colour=config.colour,
            split_of=(config.valid_share, config.split_seed, config.limit),
            limit=limit,
        )

    def labels(self) -> tuple[str, ...] | None:
        return tuple(_classes(self._sources()[0])) or None

    def _decode(self, raw: RawImages) -> tuple:
        return decode(raw, self.config.size, self.config.colour)

    def _sources(self) -> tuple[Path, Path | None]:
        """Return the source of the search part and that of a separate test part."""
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
        problem = f"the class {min(unknown)!r}, which is not in train" if unknown else "no class"
        raise DataMissing(f"{source} holds {problem}: images needs {HOLDS}; correct path")
    return raw_images(_labelled(source, classes)), None


def _labelled(source: Path, classes: list[str]) -> list[tuple[int, Path]]:
    """Return label and file of every image; a test folder may lack some of `classes`."""
    present = class_names(source)
    return [(classes.index(present[label]), path) for label, path in image_files(source, present)]
