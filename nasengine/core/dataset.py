"""Dataset: the interface of what networks are trained on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

if TYPE_CHECKING:
    import torch

DataKind = Literal["images", "text"]


@dataclass(frozen=True)
class DatasetFacts:
    """What is known of a data set: shape of one input, classes, sizes of the parts, digest.

    Of images the shape is c x h x w and the sizes count images. Of text one input is one
    word, shape (1,), the classes are the vocabulary and the sizes count words.
    `digest` is the SHA-256 of the stored images and labels, or words; it is kept with every run.
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


@dataclass(frozen=True)
class TextPart:
    """Running text: places of its n words in the vocabulary, int64, in order."""

    words: torch.Tensor


P = TypeVar("P", Part, TextPart)


class Dataset(ABC, Generic[P]):
    """A named source of labelled images, or of text, with three parts.

    Train is for weights, valid for choosing; test is read by the final evaluation alone.
    `kind` says what it holds; a space that reads something else is refused beforehand.
    """

    name: ClassVar[str]
    Config: ClassVar[type]
    kind: ClassVar[DataKind] = "images"

    def __init__(self, config: Any):
        self.config = config

    @abstractmethod
    def facts(self) -> DatasetFacts:
        """Shape, classes, sizes and digest.

        Raises:
            DataMissing: the files are not where the config says.
        """

    @abstractmethod
    def search_parts(self) -> tuple[P, P]:
        """Train and valid; the only parts a search may see."""

    @abstractmethod
    def test_part(self) -> P:
        """The test part, for the final evaluation."""
