"""Base class of image data sets: cached reading, split and normalisation."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from ...core.data_report import DataReport
from ...core.dataset import Dataset, DatasetFacts, Part, Preprocessing
from ...core.errors import EngineError
from .image_report import Source, image_report
from .raw_images import RawImages
from .split import split

if TYPE_CHECKING:
    import torch
    from _typeshed import DataclassInstance

    class SplitSettings(DataclassInstance, Protocol):
        """The settings that every image data set has; instances are hashable."""

        @property
        def valid_share(self) -> float: ...

        @property
        def split_seed(self) -> int: ...

        @property
        def limit(self) -> int | None: ...

        def __hash__(self) -> int: ...


@dataclass(frozen=True)
class Stored:
    """Images (n x c x h x w, uint8) and labels (n, int64) of the search part and the test part.

    `digest` is the SHA-256 of the stored images and labels, test part included.
    """

    images: np.ndarray
    labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: int
    digest: str

    def __post_init__(self) -> None:
        if self.classes < 2:
            raise EngineError(
                f"{self.classes} class found: classification needs at least two; check path"
            )
        for images, labels in (
            (self.images, self.labels),
            (self.test_images, self.test_labels),
        ):
            if len(images) != len(labels) or not len(images):
                raise EngineError(
                    f"{len(images)} images have {len(labels)} labels: every image needs one "
                    "label, and every part an image; check the files"
                )
            if labels.min() < 0 or labels.max() >= self.classes:
                raise EngineError(
                    f"labels range from {labels.min()} to {labels.max()}: with {self.classes} "
                    f"classes they must be 0 to {self.classes - 1}; check the files"
                )


def digest_of(*arrays: np.ndarray) -> str:
    """Return the SHA-256 (64 hex digits) of the types, shapes and contents of arrays."""
    sha = hashlib.sha256()
    for array in arrays:
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        sha.update(f"{little.dtype.str}{little.shape}".encode())
        sha.update(np.ascontiguousarray(little).tobytes())
    return sha.hexdigest()


class StoredDataset(Dataset[Part]):
    """An image data set that fits into memory.

    The config has valid_share, split_seed and limit. Files are read once per process and again
    if their stamps change. Images are normalised by the mean and standard deviation of each
    channel of the train part.

    Attributes:
        max_pixel: Largest value of a stored pixel.
        class_names: Names of the classes by label; None if they have none.
    """

    max_pixel: ClassVar[int] = 255
    class_names: ClassVar[tuple[str, ...] | None] = None
    config: SplitSettings

    @abstractmethod
    def stamp(self) -> Hashable:
        """Return a value that changes if the files change.

        Raises:
            DataMissing: the files are not at the configured path.
        """

    @abstractmethod
    def read(self) -> Stored:
        """Read and decode all images.

        Raises:
            EngineError: a file is damaged or has another format.
        """

    def facts(self) -> DatasetFacts:
        stored = self._stored()
        train, valid = self._positions(stored)
        return DatasetFacts(
            shape=tuple(stored.images.shape[1:]),
            classes=stored.classes,
            train=len(train),
            valid=len(valid),
            test=len(stored.test_labels),
            digest=stored.digest,
        )

    def labels(self) -> tuple[str, ...] | None:
        return self.class_names

    def preprocessing(self) -> Preprocessing:
        stored = self._stored()
        train, _ = self._positions(stored)
        mean, deviation = (
            values / self.max_pixel for values in channel_statistics(stored.images[train])
        )
        return Preprocessing(tuple(mean.tolist()), tuple(deviation.tolist()), 1 / self.max_pixel)

    def report(self, limit: int | None = None) -> DataReport:
        stored = self.read()
        size = stored.images.shape[-1]
        search = _raw(stored.images, stored.labels)
        test = _raw(stored.test_images, stored.test_labels)
        config = self.config
        return image_report(
            self.name,
            Source(search, test, tuple(map(str, range(stored.classes))), files=self.files()),
            size=size,
            colour=stored.images.shape[1] == 3,
            split_of=(config.valid_share, config.split_seed, config.limit),
            limit=limit,
        )

    def files(self) -> int:
        """Return the number of files that the data set consists of."""
        stamp = self.stamp()
        return len(stamp) if isinstance(stamp, tuple) else 1

    def search_parts(self) -> tuple[Part, Part]:
        """Return train and valid. They are cached for the next candidate: do not modify them."""
        return _search_parts(type(self), self.config, self.stamp())

    def test_part(self) -> Part:
        stored = self._stored()
        train, _ = self._positions(stored)
        return _part(stored, stored.test_images, stored.test_labels, train)

    def _stored(self) -> Stored:
        return _read(type(self), self.config, self.stamp())

    def _positions(self, stored: Stored) -> tuple[np.ndarray, np.ndarray]:
        config = self.config
        return split(stored.labels, config.valid_share, config.split_seed, config.limit)


def _raw(images: np.ndarray, labels: np.ndarray) -> RawImages:
    return RawImages(labels, lambda i: images[i].transpose(1, 2, 0), lambda i: f"image {i}")


@lru_cache(maxsize=2)
def _read(kind: type[StoredDataset], config: SplitSettings, stamp: Hashable) -> Stored:
    return kind(config).read()


@lru_cache(maxsize=1)
def _search_parts(
    kind: type[StoredDataset], config: SplitSettings, stamp: Hashable
) -> tuple[Part, Part]:
    stored = _read(kind, config, stamp)
    train, valid = kind(config)._positions(stored)
    return (
        _part(stored, stored.images[train], stored.labels[train], train),
        _part(stored, stored.images[valid], stored.labels[valid], train),
    )


def _part(stored: Stored, images: np.ndarray, labels: np.ndarray, train: np.ndarray) -> Part:
    import torch

    mean, deviation = channel_statistics(stored.images[train])
    pixels = torch.from_numpy(images.astype(np.float32))
    return Part(
        images=pixels.sub_(_by_channel(mean)).div_(_by_channel(deviation)),
        labels=torch.from_numpy(labels.astype(np.int64)),
    )


def channel_statistics(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation per channel of images n x c x h x w (uint8).

    Both are computed from the counts of the 256 pixel values: exact, and without a float copy
    of the images. The deviation of a constant channel is set to 1.
    """
    return statistics_of(channel_counts(images))


def channel_counts(images: np.ndarray) -> np.ndarray:
    """Return how often each channel has each pixel value (c x 256) in images n x c x h x w."""
    return np.stack(
        [
            np.bincount(images[:, channel].ravel(), minlength=256)
            for channel in range(images.shape[1])
        ]
    )


def statistics_of(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation per channel from counts of pixel values (c x 256)."""
    values = np.arange(256.0)
    means, deviations = [], []
    for channel in counts:
        mean = channel @ values / channel.sum()
        deviation = np.sqrt(channel @ (values - mean) ** 2 / channel.sum())
        means.append(mean)
        deviations.append(deviation or 1.0)
    return np.array(means), np.array(deviations)


def _by_channel(values: np.ndarray) -> torch.Tensor:
    import torch

    return torch.tensor(values, dtype=torch.float32).view(1, -1, 1, 1)
