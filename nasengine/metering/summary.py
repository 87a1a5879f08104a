"""Median of repeated measurements with its 95 % interval and its spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
EXACT_UP_TO = 60  # samples; above, the binomial distribution is close to a normal one
Z = 1.959964  # 97.5 % quantile of the normal distribution


@dataclass(frozen=True)
class Summary:
    """Median of samples, all in one unit.

    Attributes:
        median: The median.
        low: Lower end of its 95 % interval.
        high: Upper end of its 95 % interval.
        spread: Half the interquartile range.
        count: Number of samples.
    """

    median: float
    low: float
    high: float
    spread: float
    count: int

    def is_within(self, share: float) -> bool:
        """Return whether the interval is within this share of the median on both sides."""
        room = share * abs(self.median)
        return self.median - self.low <= room and self.high - self.median <= room


def summarize(samples: Sequence[float]) -> Summary:
    """Return the median of at least one sample with its interval and spread."""
    ordered = np.sort(np.asarray(samples, dtype=float))
    rank = interval_rank(len(ordered))
    first, third = np.percentile(ordered, (25, 75))
    return Summary(
        float(np.median(ordered)),
        float(ordered[rank]),
        float(ordered[len(ordered) - 1 - rank]),
        float(third - first) / 2,
        len(ordered),
    )


def interval_rank(count: int) -> int:
    """Return the rank r for which sorted samples r and count - 1 - r hold the median.

    The interval of order statistics needs no assumption on the distribution: the number of
    samples below the median is binomial with probability 1/2. With fewer than six samples no
    interval reaches 95 %, and the smallest and largest sample are the ends.
    """
    if count > EXACT_UP_TO:
        return max(0, math.floor(count / 2 - Z * math.sqrt(count) / 2) - 1)
    tail, rank = 0.0, 0
    for below in range(count):
        tail += math.comb(count, below) / 2**count
        if tail > (1 - CONFIDENCE) / 2:
            break
        rank = below
    return rank
