"""By how much two samples differ: Hodges-Lehmann estimate and the interval of the rank test.

The interval holds exactly those shifts that the two-sided Mann-Whitney test does not reject, so
that it excludes 0 if and only if the test finds a difference (without ties). Hodges and Lehmann,
Annals of Mathematical Statistics 34 (1963); Hollander, Wolfe and Chicken, Nonparametric
Statistical Methods (3rd edition, 2014), section 4.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

MAX_EXACT = 60  # values per sample; above, the distribution is normal to four digits


@dataclass(frozen=True)
class Shift:
    """By how much the values of a first sample are larger than those of a second.

    Attributes:
        typical: The median over all pairs of values.
        low: Lower end of the interval; None if no interval of these sizes has the level.
        high: Upper end, likewise.
    """

    typical: float
    low: float | None
    high: float | None


def shift(first: Sequence[float], second: Sequence[float], alpha: float = 0.05) -> Shift:
    """Return the shift of two samples with an interval of level 1 - alpha.

    Args:
        first: At least one value.
        second: Likewise.
        alpha: Probability that the interval misses the shift, such as 0.05.
    """
    pairs = np.sort(np.subtract.outer(np.asarray(first, float), np.asarray(second, float)).ravel())
    rejected = _largest_rejected(len(first), len(second), alpha)
    if rejected is None:
        return Shift(float(np.median(pairs)), None, None)
    ends = float(pairs[rejected]), float(pairs[len(pairs) - 1 - rejected])
    return Shift(float(np.median(pairs)), *ends)


def _largest_rejected(m: int, n: int, alpha: float) -> int | None:
    """The largest U of which the two-sided p value is below alpha; None if there is none."""
    if max(m, n) > MAX_EXACT:
        from scipy.stats import norm

        deviation = np.sqrt(m * n * (m + n + 1) / 12)
        return max(0, int(np.floor(m * n / 2 - 0.5 + norm.ppf(alpha / 2) * deviation)))
    tails = 2 * np.cumsum(_distribution(min(m, n), max(m, n)))
    rejected = int(np.searchsorted(tails, alpha, side="left"))
    return rejected - 1 if rejected else None


@cache
def _distribution(m: int, n: int) -> np.ndarray:
    """Probabilities of U = 0 to m n without ties, by the recursion of Mann and Whitney (1947).

    Either the largest of all values belongs to the first sample, and exceeds all n of the second,
    or it belongs to the second.
    """
    rows = [np.ones(1) for _ in range(n + 1)]  # of no value in the first sample
    for i in range(1, m + 1):
        own = [np.ones(1)]
        for j in range(1, n + 1):
            found = np.zeros(i * j + 1)
            found[j:] += rows[j] * (i / (i + j))
            found[: len(own[-1])] += own[-1] * (j / (i + j))
            own.append(found)
        rows = own
    return rows[n]
