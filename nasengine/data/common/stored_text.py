"""What all data sets of text share: one reading a process, numbered words, three parts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ...core.dataset import DataKind, Dataset, DatasetFacts, TextPart
from ...core.errors import EngineError
from ...core.settings import setting
from .stored import digest_of
from .vocabulary import numbered, vocabulary_of

if TYPE_CHECKING:
    import torch

MIN_WORDS = 20
LIMIT_HELP = "Search with only the first so many words of the training text; empty: all."


@dataclass(frozen=True)
class TextConfig:
    """Settings of every text: how many words are told apart and how much is read."""

    vocabulary: int = setting(
        0, "Most words told apart, the frequent ones; others are <unk>; 0: all.", low=0
    )
    limit: int | None = setting(None, LIMIT_HELP, low=MIN_WORDS)


@dataclass(frozen=True)
class RawText:
    """The words of each part, in order."""

    train: list[str]
    valid: list[str]
    test: list[str]


@dataclass(frozen=True)
class StoredText:
    """Numbered words, n int32 a part; the vocabulary is that of the training text."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    vocabulary: tuple[str, ...]
    digest: str


class TextDataset(Dataset[TextPart]):
    """Running text; its config has vocabulary and limit.

    Files are read once a process and again when their stamps change. The split never moves:
    which text is whose part lies in the source alone.
    """

    kind: ClassVar[DataKind] = "text"
    config: TextConfig

    @abstractmethod
    def stamp(self) -> Hashable:
        """Equal as long as the files are the same.

        Raises:
            DataMissing: they are not where the config says.
        """

    @abstractmethod
    def read(self) -> RawText:
        """The words of the three parts.

        Raises:
            EngineError: a file is not what its name promises.
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
        """The words in the order of their numbers."""
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
def _read(kind: type[TextDataset], config: Any, stamp: Hashable) -> StoredText:
    raw = kind(config).read()
    for name in ("train", "valid", "test"):
        if (count := len(getattr(raw, name))) < MIN_WORDS:
            raise EngineError(
                f"the {name} part has {count} words: each needs at least {MIN_WORDS}; "
                "name a longer text"
            )
    vocabulary = vocabulary_of(raw.train, config.vocabulary)
    train, valid, test = (numbered(one, vocabulary) for one in (raw.train, raw.valid, raw.test))
    spelled = np.frombuffer("\n".join(vocabulary).encode(), np.uint8)
    digest = digest_of(train, valid, test, spelled)
    return StoredText(train, valid, test, vocabulary, digest)


def _tensor(words: np.ndarray) -> torch.Tensor:
    import torch

    return torch.from_numpy(words.astype(np.int64))
