"""Dataset: the interface of what networks are trained on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class DatasetFacts:
    """What is known of a data set: c x h x w, classes, sizes of the parts, digest.

    `digest` is the SHA-256 of the stored images and labels; it is kept with every run.
    """

    shape: tuple[int, ...]
    classes: int
    train: int
    valid: int
    test: int
    digest: str


@dataclass(frozen=True)
class Part:
    """Images n x c x h x w float32, already normalised, and labels n int64."""

    images: torch.Tensor
    labels: torch.Tensor


class Dataset(ABC):
    """A named source of labelled images with three parts.

    Train is for weights, valid for choosing; test is read by the final evaluation alone.
    """

    name: ClassVar[str]
    Config: ClassVar[type]

    def __init__(self, config: Any):
        self.config = config

    @abstractmethod
    def facts(self) -> DatasetFacts:
        """Shape, classes, sizes and digest.

        Raises:
            DataMissing: the files are not where the config says.
        """

    @abstractmethod
    def search_parts(self) -> tuple[Part, Part]:
        """Train and valid; the only parts a search may see."""

    @abstractmethod
    def test_part(self) -> Part:
        """The test part, for the final evaluation."""
