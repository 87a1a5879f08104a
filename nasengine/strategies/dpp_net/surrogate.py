"""What DPP-Net predicts with: every objective of an architecture, from its words."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .ranks import average_ranks
from .regressor import SequenceRegressor, Texts

REACH = 1.7  # about three standard deviations of a uniform law: the range of a scaled rank


@dataclass(frozen=True)
class Lesson:
    """A measured architecture: its words and its point (m numbers, lower is better)."""

    words: tuple[int, ...]
    point: tuple[float, ...]

    def to_json(self) -> list[Any]:
        """Words two bytes each, so that a thousand lessons stay small."""
        packed = base64.b64encode(np.array(self.words, dtype="<u2").tobytes()).decode()
        return [packed, list(self.point)]

    @classmethod
    def from_json(cls, value: list[Any]) -> Lesson:
        words = np.frombuffer(base64.b64decode(value[0]), dtype="<u2")
        return cls(tuple(map(int, words)), tuple(value[1]))


class Surrogate:
    """A recurrent regressor trained on lessons; its targets are ranks.

    Every objective is replaced by its rank among the lessons, scaled to -1.7 .. 1.7, so that
    one diverged error or one slow outlier does not hide the differences among good ones. In
    that scale dominance means the same, and predictions may lie beyond what was seen.
    """

    def __init__(self, lessons: Sequence[Lesson], vocabulary: int, config: Any, seed: int):
        rng = np.random.default_rng(seed)
        self._points = np.array([lesson.point for lesson in lessons])
        self._network = SequenceRegressor(
            rng,
            vocabulary,
            self._points.shape[1],
            hidden=config.hidden,
            embedding=config.embedding,
            rate=config.learning_rate,
        )
        self.loss = self._network.fit(
            Texts.of([lesson.words for lesson in lessons]),
            self.scaled(),
            rng,
            epochs=config.epochs,
            batch=config.batch,
        )

    def scaled(self) -> np.ndarray:
        """The lessons' points, n x m, in the scale of predictions."""
        ranks = np.column_stack([average_ranks(column) for column in self._points.T])
        return ((ranks - 0.5) / len(ranks) * 2 - 1) * REACH

    def predict(self, texts: Sequence[Sequence[int]]) -> np.ndarray:
        """n x m predictions in scaled ranks, lower is better."""
        return self._network.predict(Texts.of(texts))

    def values(self, predicted: np.ndarray) -> np.ndarray:
        """n x m predictions in the objectives' own numbers, within what was seen."""
        shares = np.clip((predicted / REACH + 1) / 2, 0.0, 1.0)
        columns = [
            np.quantile(points, share)
            for points, share in zip(self._points.T, shares.T, strict=True)
        ]
        return np.column_stack(columns)
