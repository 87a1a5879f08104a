"""Base class of text data sets: cached reading, vocabulary indices, three parts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ...core.data_report import DataReport, Groups
from ...core.dataset import DataKind, Dataset, DatasetFacts, TextPart
from ...core.errors import EngineError
from ...core.settings import setting
from .stored import digest_of
from .vocabulary import vocabulary_indices, vocabulary_of

if TYPE_CHECKING:
    import torch

MIN_WORDS = 20
MANY_UNKNOWN = 0.1  # share of the words
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

    def report(self, limit: int | None = None) -> DataReport:
        stamp = self.stamp()
        return self._report(len(stamp) if isinstance(stamp, tuple) else 0, [], [])

    def _report(
        self, read: int, skipped: Sequence[tuple[Path, str]], notes: Sequence[str]
    ) -> DataReport:
        """Return the report of the words; the arguments are about the files."""
        groups = Groups()
        for path, reason in skipped:
            groups.add(reason, path.name)
        report = DataReport(self.name, "text", {}, read=read, skipped=groups.groups())
        try:
            stored = self._stored()
        except EngineError as error:
            return replace(report, problems=(str(error),), notes=tuple(notes))
        train = stored.train[: self.config.limit]
        return replace(
            report,
            parts={"train": len(train), "valid": len(stored.valid), "test": len(stored.test)},
            vocabulary=len(stored.vocabulary),
            notes=(*notes, *_unusual(train, stored)),
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


def _unusual(train: np.ndarray, stored: StoredText) -> Iterator[str]:
    """Yield sentences about what is unusual in the words of a text."""
    unknown = float((stored.valid == 0).mean())
    if unknown > MANY_UNKNOWN:
        yield (
            f"{100 * unknown:.0f} % of the words of the valid part are not in the vocabulary: they "
            "are read as <unk>."
        )
    if len(stored.valid) <= len(train) and np.array_equal(stored.valid, train[: len(stored.valid)]):
        yield "The valid part is the beginning of train: valid errors will be too low."
    if np.array_equal(stored.valid, stored.test):
        yield "The valid and the test part are the same text."


def _tensor(words: np.ndarray) -> torch.Tensor:
    import torch

    return torch.from_numpy(words.astype(np.int64))
