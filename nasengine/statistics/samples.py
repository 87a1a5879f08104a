"""Statistics over seeds: mean and deviation, ranks, tests of two samples, Holm's correction.

scipy (45 MB) is imported when a test is computed, so that a web process starts without it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

K = TypeVar("K")
ROUNDING = 1e-12


def mean_and_deviation(values: Sequence[float | None]) -> dict[str, Any] | None:
    """Return mean, standard deviation (n - 1; None for one value) and count.

    Values of None are left out; the result is None if no value is left.
    """
    present = np.array([value for value in values if value is not None], dtype=float)
    if not len(present):
        return None
    deviation = float(present.std(ddof=1)) if len(present) > 1 else None
    if deviation is not None and np.ptp(present) <= ROUNDING * np.abs(present).max():
        deviation = 0.0  # equal values whose sums differ in their last bits
    return {"mean": float(present.mean()), "deviation": deviation, "count": len(present)}


def compare_samples(
    first: Sequence[float | None], second: Sequence[float | None]
) -> dict[str, float] | None:
    """Test whether two samples differ: two-sided Mann-Whitney p, and effect size A12.

    A12 (Vargha and Delaney, 2000) is the probability that a value of `first` is larger than a
    value of `second`, counting half of the ties; 0.5 means no difference.

    Returns:
        `p`, `effect`, and `smallest_p`, the smallest p that samples of these sizes can have. None
        if one of the samples has fewer than two values.
    """
    a = [value for value in first if value is not None]
    b = [value for value in second if value is not None]
    if min(len(a), len(b)) < 2:
        return None
    from scipy.stats import mannwhitneyu

    test = mannwhitneyu(a, b, alternative="two-sided")
    orders = math.comb(len(a) + len(b), len(a))
    return {
        "p": float(test.pvalue),
        "effect": float(test.statistic) / (len(a) * len(b)),
        "smallest_p": min(1.0, 2 / orders),
    }


def holm(p_values: Mapping[K, float]) -> dict[K, float]:
    """Return p values with Holm's correction (1979) for the number of tests.

    If "differs" is said only for corrected values below alpha, the probability of even one wrong
    "differs" among all tests is at most alpha.
    """
    corrected: dict[K, float] = {}
    largest = 0.0
    ordered = sorted(p_values.items(), key=lambda item: item[1])
    for place, (name, p) in enumerate(ordered):
        largest = max(largest, min(1.0, p * (len(ordered) - place)))
        corrected[name] = largest
    return corrected


def mean_ranks(
    values: Mapping[str, Sequence[float | None]],
) -> dict[str, dict[str, float | int | None]]:
    """Return for each name its mean rank over the seeds and how often it was the best.

    Ties share the mean of their ranks, and each of them counts as the best. A seed counts only
    if every name has a value for it.

    Args:
        values: one value per seed for each name; larger is better.

    Returns:
        `rank` (None without a seed that counts), `wins` and `seeds` for each name.
    """
    names = list(values)
    rows = [row for row in zip(*values.values(), strict=True) if None not in row]
    from scipy.stats import rankdata

    ranks = np.array([rankdata([-value for value in row]) for row in rows])
    best = np.array([[value == max(row) for value in row] for row in rows])
    return {
        name: {
            "rank": float(ranks[:, i].mean()) if rows else None,
            "wins": int(best[:, i].sum()) if rows else 0,
            "seeds": len(rows),
        }
        for i, name in enumerate(names)
    }
