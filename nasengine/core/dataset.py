"""Dataset: the interface of labelled images and texts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from .data_report import DataReport

if TYPE_CHECKING:
    import torch
    from _typeshed import DataclassInstance

DataKind = Literal["images", "text"]


@dataclass(frozen=True)
class DatasetFacts:
    """Shape of one input, number of classes, sizes of the parts, and digest of a data set.

    For images the shape is c x h x w and sizes count images. For text one input is one word,
    the shape is (1,), the classes are the vocabulary and sizes count words. `digest` is the
    SHA-256 of the stored images and labels, or of the words; every run records it.
    """

    shape: tuple[int, ...]
    classes: int
    train: int
    valid: int
    test: int
    digest: str


@dataclass(frozen=True)
class Preprocessing:
    """How stored pixels become network inputs: (pixel * scale - mean) / std, by channel.

    Attributes:
        scale: Factor of the stored pixels: 1/255 if they go from 0 to 255.
        mean: Mean of each channel over the train part, of scaled pixels.
        std: Standard deviation of each channel, of scaled pixels.
        resize: Length to which the shorter side of a picture is resized before the centre is
            cropped; None if pictures are resized to the size of the input.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    scale: float
    resize: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object; `resize` is left out if it is None."""
        value = {"mean": list(self.mean), "std": list(self.std), "scale": self.scale}
        return value if self.resize is None else {**value, "resize": self.resize}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Preprocessing:
        mean, std = tuple(value["mean"]), tuple(value["std"])
        return cls(mean, std, value["scale"], value.get("resize"))


@dataclass(frozen=True)
class Part:
    """Normalised images (n x c x h x w, float32) and their labels (n, int64)."""

    images: torch.Tensor
    labels: torch.Tensor


@dataclass(frozen=True)
class TextPart:
    """A text as the vocabulary indices of its n words (int64), in order."""

    words: torch.Tensor


P = TypeVar("P", Part, TextPart)


class Dataset(ABC, Generic[P]):
    """A named source of labelled images or of text, split into three parts.

    The train part trains weights, the valid part selects architectures, and only the final
    evaluation reads the test part. `kind` is compared with the space's input before a search
    starts.
    """

    name: ClassVar[str]
    Config: ClassVar[type]
    kind: ClassVar[DataKind] = "images"

    def __init__(self, config: DataclassInstance):
        self.config = config

    @abstractmethod
    def facts(self) -> DatasetFacts:
        """Return shape, classes, sizes and digest.

        Raises:
            DataMissing: the files are not at the configured path.
        """

    def labels(self) -> tuple[str, ...] | None:
        """Return the names of the classes, None if they have none (a text has a vocabulary)."""
        return None

    def preprocessing(self) -> Preprocessing | None:
        """Return how stored pixels become network inputs; None for text.

        A trained network needs it wherever it runs.
        """
        return None

    def report(self, limit: int | None = None) -> DataReport:
        """Return what the data set holds and what is unusual about it; needs no torch.

        Args:
            limit: Most pictures that are decoded, evenly over the data set; default: all.

        Raises:
            EngineError: the files are not at the configured path, or not readable at all.
        """
        facts = self.facts()
        parts = {"train": facts.train, "valid": facts.valid, "test": facts.test}
        words = facts.classes if self.kind == "text" else 0
        return DataReport(self.name, self.kind, parts, vocabulary=words)

    @abstractmethod
    def search_parts(self) -> tuple[P, P]:
        """Return the train and the valid part, the only parts that a search may read."""

    def final_parts(self) -> tuple[Any, Any]:
        """Return train and valid as a final training reads them; default: the search parts.

        Data sets that do not fit into memory return parts that are read while a network trains.
        """
        return self.search_parts()

    @abstractmethod
    def test_part(self) -> P:
        """Return the test part, for the final evaluation."""
