"""Rank correlation of an estimate with what was measured, with an interval.

scipy is imported when a correlation is computed, so that a web process starts without it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MIN_PAIRS = 5  # fewer give no interval that says anything
Z_90 = 1.6448536269514722  # normal quantile of a two-sided 90 % interval


@dataclass(frozen=True)
class RankCorrelation:
    """Rank correlation over pairs of values.

    Attributes:
        spearman: Spearman's rho.
        low: Lower end of its 90 % interval.
        high: Upper end.
        kendall: Kendall's tau-b.
        count: Number of pairs.
    """

    spearman: float
    low: float
    high: float
    kendall: float
    count: int

    def to_json(self) -> dict[str, Any]:
        return {
            "spearman": self.spearman,
            "low": self.low,
            "high": self.high,
            "kendall": self.kendall,
            "count": self.count,
        }


def rank_correlation(estimates: Sequence[float], values: Sequence[float]) -> RankCorrelation | None:
    """Return the rank correlation of two equally long sequences.

    The interval is Fisher's z with the variance of Bonett and Wright (2000) for Spearman's rho.

    Returns:
        None for fewer than 5 pairs, or if all values of one sequence are equal.
    """
    count = len(estimates)
    if count < MIN_PAIRS or len(set(estimates)) == 1 or len(set(values)) == 1:
        return None
    from scipy.stats import kendalltau, spearmanr

    rho = float(spearmanr(estimates, values).statistic)
    tau = float(kendalltau(estimates, values).statistic)
    inside = float(np.clip(rho, -1 + 1e-9, 1 - 1e-9))
    deviation = math.sqrt((1 + rho**2 / 2) / (count - 3))
    low, high = (math.tanh(math.atanh(inside) + side * Z_90 * deviation) for side in (-1, 1))
    return RankCorrelation(rho, low, high, tau, count)
