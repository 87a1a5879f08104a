"""The surrogate of DPP-Net: predicts every objective of an architecture from its tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.packed_tokens import pack_tokens, unpack_tokens
from .ranks import average_ranks
from .regressor import SequenceRegressor, TokenBatch

if TYPE_CHECKING:
    from .config import DPPNetConfig

SCALE = 1.7  # bound of a scaled rank: about the bound of a uniform distribution of variance 1


@dataclass(frozen=True)
class TrainingExample:
    """A measured architecture: its tokens and its point (m numbers, lower is better).

    A number is NaN if it was not measured, because the candidate violates a constraint.
    """

    tokens: tuple[int, ...]
    point: tuple[float, ...]

    def to_json(self) -> list[Any]:
        """Return [tokens, point] with two bytes per token, so that 1,000 examples stay small."""
        return [
            pack_tokens(self.tokens),
            [value if math.isfinite(value) else None for value in self.point],
        ]

    @classmethod
    def from_json(cls, value: list[Any]) -> TrainingExample:
        point = tuple(math.nan if number is None else float(number) for number in value[1])
        return cls(unpack_tokens(value[0]), point)


class Surrogate:
    """A recurrent regressor trained on measured architectures, with ranks as targets.

    Every objective is replaced by its rank among the examples, scaled to -1.7 .. 1.7. So one
    very large error or one slow outlier does not hide the differences between good candidates.
    Ranking keeps dominance as it is, and predictions may exceed the range of the examples.
    """

    def __init__(
        self,
        examples: Sequence[TrainingExample],
        vocabulary: int,
        config: DPPNetConfig,
        seed: int,
    ):
        rng = np.random.default_rng(seed)
        self._points = np.array([example.point for example in examples])
        self._network = SequenceRegressor(
            rng,
            vocabulary,
            self._points.shape[1],
            hidden=config.hidden,
            embedding=config.embedding,
            rate=config.learning_rate,
        )
        self.loss = self._network.fit(
            TokenBatch.of([example.tokens for example in examples]),
            self.scaled(),
            rng,
            epochs=config.epochs,
            batch=config.batch,
        )

    def scaled(self) -> np.ndarray:
        """Return the examples' points, n x m, as scaled ranks; NaN for a number not measured."""
        scaled = np.full(self._points.shape, np.nan)
        for index, column in enumerate(self._points.T):
            known = np.isfinite(column)
            ranks = average_ranks(column[known])
            scaled[known, index] = ((ranks - 0.5) / len(ranks) * 2 - 1) * SCALE
        return scaled

    def predict(self, sequences: Sequence[Sequence[int]]) -> np.ndarray:
        """Return n x m predictions as scaled ranks, lower is better."""
        return self._network.predict(TokenBatch.of(sequences))

    def values(self, predicted: np.ndarray) -> np.ndarray:
        """Convert n x m scaled ranks to the objectives' units, within the examples' range.

        The numbers of an objective that was never measured are NaN.
        """
        shares = np.clip((predicted / SCALE + 1) / 2, 0.0, 1.0)
        # Halves: numpy interpolates by a difference, which would overflow for huge numbers.
        columns = [
            2 * np.quantile(known / 2, share) if len(known) else np.full(len(share), np.nan)
            for known, share in zip(self._known_columns(), shares.T, strict=True)
        ]
        return np.column_stack(columns)

    def _known_columns(self) -> list[np.ndarray]:
        return [column[np.isfinite(column)] for column in self._points.T]
