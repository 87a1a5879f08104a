"""Knowledge learning: learning rate and batch size as the population has learned them.

Of the paper (1809.03242) only the idea is known: what the whole population went through sets
the learning rate and the batch size of new individuals. Here each individual carries its two
numbers; a new one draws them around the mean of the fittest, on a logarithmic scale, with
their spread, or a least one, so that better values can still be met.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, on a logarithmic scale."""

    low: float
    high: float

    def anywhere(self, rng: np.random.Generator) -> float:
        """Evenly on the logarithmic scale."""
        return self.held(rng.uniform(math.log(self.low), math.log(self.high)))

    def around(self, values: Sequence[float], least: float, rng: np.random.Generator) -> float:
        """Normally around the mean of the values' logarithms."""
        logs = np.log(values)
        spread = max(float(logs.std()), least)
        return self.held(rng.normal(float(logs.mean()), spread))

    def held(self, logarithm: float) -> float:
        """The number of a logarithm, within the range."""
        return min(max(math.exp(logarithm), self.low), self.high)


@dataclass(frozen=True)
class LearnedTraining:
    """The ranges of both numbers, and how far new ones stray at least (in logarithms)."""

    rates: Range
    batches: Range
    stray: float

    def anywhere(self, rng: np.random.Generator) -> dict[str, Any]:
        """For individuals without ancestors."""
        return _written(self.rates.anywhere(rng), self.batches.anywhere(rng))

    def learned(
        self, fittest: Sequence[Mapping[str, Any]], rng: np.random.Generator
    ) -> dict[str, Any]:
        """From the trainings of the fittest."""
        if not fittest:
            return self.anywhere(rng)
        rates = [one["learning_rate"] for one in fittest]
        batches = [one["batch_size"] for one in fittest]
        rate = self.rates.around(rates, self.stray, rng)
        return _written(rate, self.batches.around(batches, self.stray, rng))


def _written(rate: float, batch: float) -> dict[str, Any]:
    """As estimators read it; three digits say all there is."""
    return {"learning_rate": float(f"{rate:.3g}"), "batch_size": round(batch)}
