"""Knowledge learning: learning rate and batch size, learned by the population.

The paper (1809.03242) gives only the idea: the experience of the whole population sets the
learning rate and the batch size of new individuals. Here each individual carries its two
numbers. A new individual draws them, on a logarithmic scale, from a normal distribution around
the mean of the fittest individuals, with their spread or a minimum spread, so that better
values can still be found.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.arithmetic import round_significant


@dataclass(frozen=True)
class Range:
    """An interval from `low` to `high`, sampled on a logarithmic scale."""

    low: float
    high: float

    def sample(self, rng: np.random.Generator) -> float:
        """Draw log-uniformly."""
        return self._clipped(rng.uniform(math.log(self.low), math.log(self.high)))

    def sample_around(
        self, values: Sequence[float], min_spread: float, rng: np.random.Generator
    ) -> float:
        """Draw from a log-normal distribution with the mean and spread of the values."""
        logs = np.log(values)
        spread = max(float(logs.std()), min_spread)
        return self._clipped(rng.normal(float(logs.mean()), spread))

    def _clipped(self, logarithm: float) -> float:
        return min(max(math.exp(logarithm), self.low), self.high)


@dataclass(frozen=True)
class LearnedTraining:
    """The ranges of learning rate and batch size, and their minimum spread in logarithms."""

    rates: Range
    batches: Range
    min_spread: float

    def sample(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return a training note for an individual without ancestors."""
        return _note(self.rates.sample(rng), self.batches.sample(rng))

    def learned(
        self, fittest: Sequence[Mapping[str, Any]], rng: np.random.Generator
    ) -> dict[str, Any]:
        """Return a training note drawn around the training notes of the fittest."""
        if not fittest:
            return self.sample(rng)
        rates = [note["learning_rate"] for note in fittest]
        batches = [note["batch_size"] for note in fittest]
        rate = self.rates.sample_around(rates, self.min_spread, rng)
        return _note(rate, self.batches.sample_around(batches, self.min_spread, rng))


def _note(rate: float, batch: float) -> dict[str, Any]:
    """Return the note that estimators read; three digits are precise enough for a rate."""
    return {"learning_rate": round_significant(rate, 3), "batch_size": round(batch)}
