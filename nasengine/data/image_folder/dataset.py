"""Data set `image-folder`: folders of any number of images, read while a network trains."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ...core.data_report import DataReport
from ...core.dataset import Dataset, DatasetFacts, Part, Preprocessing
from ...core.errors import DataMissing, EngineError
from ...core.settings import setting
from ..common.image_report import Source, image_report
from ..common.lazy import ImageForm, LazyPart
from ..common.raw_images import RawImages
from ..common.roots import named_path
from ..common.settings import FilesConfig
from ..common.split import set_test_apart, split
from ..common.stored import channel_counts, statistics_of
from ..images.labelled_folder import LAYOUT, beside, class_names, skipped_files
from .files import FileList, list_files

TESTS = ("test", "val", "valid")  # folders next to train, the first that is there
SAMPLE = 1000  # images that mean and standard deviation are computed from


@dataclass(frozen=True)
class ImageFolderConfig(FilesConfig):
    """Settings of `image-folder`."""

    path: str = setting(
        "",
        "Folder with one subfolder per class, or with train and test (or val), on the machine "
        "that trains.",
    )
    limit: int | None = setting(
        None,
        "Number of images used by a search, which holds them in memory; a final training reads "
        "all. Empty: all.",
        low=20,
    )
    size: int = setting(
        224, "Height and width of the network's input.", low=4, high=1024, unit="pixels"
    )
    resize: int = setting(
        0,
        "Length to which the shorter side is resized before the centre is cropped. 0: size / "
        "0.875, which is 256 for 224.",
        low=0,
        high=2048,
        unit="pixels",
    )
    colour: bool = setting(True, "Three colour channels; off: one grey channel.")
    workers: int | None = setting(
        None,
        "Processes that decode images. Default: one less than the processors, at most 8.",
        low=0,
        high=64,
    )


class ImageFolder(Dataset[Part]):
    """Images in folders such as ImageNet's, so many that they do not fit into memory.

    Labels are the positions of the class folders in alphabetical order. The final evaluation
    reads file by file, with processes that decode ahead; a search holds `limit` images in memory.
    The digest is that of names, sizes and labels, not of the contents. Mean and standard
    deviation are those of up to 1,000 train images, evenly over all.
    """

    name = "image-folder"
    Config = ImageFolderConfig
    config: ImageFolderConfig

    def facts(self) -> DatasetFacts:
        listed = self._listed()
        train, valid = self._split(listed, self.config.limit)
        return DatasetFacts(
            shape=self._form().shape,
            classes=len(listed.classes),
            train=len(train),
            valid=len(valid),
            test=len(listed.test_positions),
            digest=listed.digest,
        )

    def labels(self) -> tuple[str, ...]:
        return self._listed().classes

    def preprocessing(self) -> Preprocessing:
        config = self.config
        return _preprocessing(self._listed(), self._form(), config.valid_share, config.split_seed)

    def search_parts(self) -> tuple[Part, Part]:
        parts = self._parts(self.config.limit)
        return _in_memory(parts[0]), _in_memory(parts[1])

    def final_parts(self) -> tuple[LazyPart, LazyPart]:
        return self._parts(None)

    def test_part(self) -> Any:
        listed = self._listed()
        return self._part(listed.test, listed.test_positions)

    def report(self, limit: int | None = None) -> DataReport:
        listed, config = self._listed(), self.config
        own = listed.test is not listed.search
        folders = [listed.search.root, *([listed.test.root] if own else [])]
        skipped = [path for folder in folders for path in skipped_files(folder)]
        if own:
            skipped += beside(listed.search.root.parent, folders)
        count = len(listed.search) + (len(listed.test) if own else 0)
        return image_report(
            self.name,
            Source(
                _raw(listed.search),
                _raw(listed.test) if own else None,
                listed.classes,
                tuple(skipped),
                count,
            ),
            size=config.size,
            colour=config.colour,
            split_of=(config.valid_share, config.split_seed, config.limit),
            limit=limit,
        )

    def _parts(self, limit: int | None) -> tuple[LazyPart, LazyPart]:
        listed = self._listed()
        train, valid = self._split(listed, limit)
        return self._part(listed.search, train), self._part(listed.search, valid)

    def _part(self, files: FileList, positions: np.ndarray) -> LazyPart:
        return LazyPart(
            files,
            positions,
            files.labels[positions],
            self._form(),
            self.preprocessing(),
            self.config.workers,
        )

    def _split(self, listed: _Listed, limit: int | None) -> tuple[np.ndarray, np.ndarray]:
        return _split(listed, self.config.valid_share, self.config.split_seed, limit)

    def _form(self) -> ImageForm:
        config = self.config
        resize = max(config.resize or round(config.size / 0.875), config.size)
        return ImageForm(config.size, config.colour, resize)

    def _listed(self) -> _Listed:
        source = named_path(self.config.path, self.name, LAYOUT)
        if not source.is_dir():
            raise DataMissing(f"{source} is a file: {self.name} needs {LAYOUT}; correct path")
        search, test = _folders(source)
        return _list(search, test, _stamp(search), _stamp(test) if test else ())


@dataclass(frozen=True, eq=False)
class _Listed:
    """The files of a data set; `test` is `search` if there is no folder of test images."""

    classes: tuple[str, ...]
    search: FileList
    test: FileList
    search_positions: np.ndarray
    test_positions: np.ndarray
    digest: str


def _folders(source: Path) -> tuple[Path, Path | None]:
    present = set(class_names(source))
    if "train" not in present:
        return source, None
    return source / "train", next((source / name for name in TESTS if name in present), None)


def _stamp(folder: Path) -> tuple[tuple[str, int], ...]:
    """Return name and modification time of each class folder; files added change it."""
    return tuple((name, (folder / name).stat().st_mtime_ns) for name in class_names(folder))


@lru_cache(maxsize=2)
def _list(search: Path, test: Path | None, *stamps: Any) -> _Listed:
    classes = tuple(class_names(search))
    if len(classes) < 2:
        problem = f"{len(classes)} class folders"
        raise DataMissing(f"{search} holds {problem}: image-folder needs {LAYOUT}; correct path")
    files = list_files(search, classes)
    empty = [name for label, name in enumerate(classes) if not (files.labels == label).any()]
    if empty:
        raise DataMissing(f"{search / empty[0]} holds no image: remove the folder or fill it")
    if test is None:
        search_positions, test_positions = set_test_apart(files.labels)
        return _Listed(classes, files, files, search_positions, test_positions, files.digest)
    if unknown := set(class_names(test)) - set(classes):
        raise DataMissing(
            f"{test} holds the class {min(unknown)!r}, which is not in train: remove it"
        )
    tested = list_files(test, classes)
    if not len(tested):
        raise DataMissing(f"{test} holds no image: image-folder needs {LAYOUT}; correct path")
    digest = hashlib.sha256(f"{files.digest} {tested.digest}".encode()).hexdigest()
    return _Listed(classes, files, tested, np.arange(len(files)), np.arange(len(tested)), digest)


def _split(
    listed: _Listed, share: float, seed: int, limit: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of train and valid among the files."""
    own = listed.search_positions
    train, valid = split(listed.search.labels[own], share, seed, limit)
    return own[train], own[valid]


@lru_cache(maxsize=4)
def _preprocessing(listed: _Listed, form: ImageForm, share: float, seed: int) -> Preprocessing:
    """Return mean and standard deviation of up to 1,000 train images."""
    train = np.sort(_split(listed, share, seed, None)[0])
    chosen = train[np.unique(np.linspace(0, len(train) - 1, SAMPLE).astype(int))]
    files = listed.search
    counts = np.zeros((form.shape[0], 256), np.int64)
    for index in map(int, chosen):
        counts += channel_counts(form.centre(files.read(index), str(files.path(index)))[None])
    mean, std = (values / 255 for values in statistics_of(counts))
    return Preprocessing(tuple(mean.tolist()), tuple(std.tolist()), 1 / 255, form.resize)


def _in_memory(part: LazyPart) -> Part:
    try:
        return Part(images=part.images, labels=part.labels)
    except EngineError as error:
        raise EngineError(f"{error} (a search holds its images in memory)") from None


def _raw(files: FileList) -> RawImages:
    return RawImages(files.labels, files.read, lambda index: str(files.path(index)))
