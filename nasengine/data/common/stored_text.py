"""Base class of text data sets: cached reading, vocabulary indices, three parts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ...core.dataset import DataKind, Dataset, DatasetFacts, TextPart
from ...core.errors import EngineError
from ...core.settings import setting
from .stored import digest_of
from .vocabulary import vocabulary_indices, vocabulary_of

if TYPE_CHECKING:
    import torch

MIN_WORDS = 20
VOCABULARY_HELP = "Largest vocabulary; rarer words become <unk>; 0: unlimited."
LIMIT_HELP = "Number of words used by the search, from the start of the training text; empty: all."


@dataclass(frozen=True)
class TextConfig:
    """Settings of every text: size of the vocabulary and length of the training text."""

    vocabulary: int = setting(0, VOCABULARY_HELP, low=0)
    limit: int | None = setting(None, LIMIT_HELP, low=MIN_WORDS)


@dataclass(frozen=True)
class RawText:
    """The words of each part, in order."""

    train: list[str]
    valid: list[str]
    test: list[str]


@dataclass(frozen=True)
class StoredText:
    """Vocabulary indices (n, int32) of each part; the training text defines the vocabulary."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    vocabulary: tuple[str, ...]
    digest: str


class TextDataset(Dataset[TextPart]):
    """A text data set; its config has vocabulary and limit.

    Files are read once per process and again if their stamps change. The split depends only on
    the source, not on settings.
    """

    kind: ClassVar[DataKind] = "text"
    config: TextConfig

    @abstractmethod
    def stamp(self) -> Hashable:
        """Return a value that changes if the files change.

        Raises:
            DataMissing: the files are not at the configured path.
        """

    @abstractmethod
    def read(self) -> RawText:
        """Read the words of the three parts.

        Raises:
            EngineError: a file is damaged or has another format.
        """

    def facts(self) -> DatasetFacts:
        stored = self._stored()
        return DatasetFacts(
            shape=(1,),
            classes=len(stored.vocabulary),
            train=len(stored.train[: self.config.limit]),
            valid=len(stored.valid),
            test=len(stored.test),
            digest=stored.digest,
        )

    def vocabulary(self) -> tuple[str, ...]:
        """Return the words in the order of their indices."""
        return self._stored().vocabulary

    def search_parts(self) -> tuple[TextPart, TextPart]:
        stored = self._stored()
        train = stored.train[: self.config.limit]
        return TextPart(_tensor(train)), TextPart(_tensor(stored.valid))

    def test_part(self) -> TextPart:
        return TextPart(_tensor(self._stored().test))

    def _stored(self) -> StoredText:
        return _read(type(self), self.config, self.stamp())


@lru_cache(maxsize=2)
def _read(kind: type[TextDataset], config: TextConfig, stamp: Hashable) -> StoredText:
    raw = kind(config).read()
    for name in ("train", "valid", "test"):
        if (count := len(getattr(raw, name))) < MIN_WORDS:
            raise EngineError(
                f"the {name} part has {count} words: each needs at least {MIN_WORDS}; "
                "choose a longer text"
            )
    vocabulary = vocabulary_of(raw.train, config.vocabulary)
    train, valid, test = (
        vocabulary_indices(words, vocabulary) for words in (raw.train, raw.valid, raw.test)
    )
    spelled = np.frombuffer("\n".join(vocabulary).encode(), np.uint8)
    digest = digest_of(train, valid, test, spelled)
    return StoredText(train, valid, test, vocabulary, digest)


def _tensor(words: np.ndarray) -> torch.Tensor:
    import torch

    return torch.from_numpy(words.astype(np.int64))
