"""Statistics over seeds: mean and deviation, ranks, and the test against random search."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

ROUNDING = 1e-12
Curve = tuple[Sequence[float], Sequence[float]]  # amounts in ascending order, values


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
    from scipy.stats import mannwhitneyu  # 45 MB, which a web server needs for studies only

    test = mannwhitneyu(a, b, alternative="two-sided")
    orders = math.comb(len(a) + len(b), len(a))
    return {
        "p": float(test.pvalue),
        "effect": float(test.statistic) / (len(a) * len(b)),
        "smallest_p": min(1.0, 2 / orders),
    }


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return p values with Holm's correction (1979) for the number of tests.

    If "differs" is said only for corrected values below alpha, the probability of even one wrong
    "differs" among all tests is at most alpha.
    """
    corrected, largest = {}, 0.0
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
    from scipy.stats import rankdata  # as above

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


def value_at(curve: Curve, amount: float) -> float | None:
    """Return the value of a step curve at an amount; None before its first step."""
    xs, values = curve
    place = int(np.searchsorted(xs, amount, side="right"))
    return values[place - 1] if place else None


def mean_curve(
    curves: Sequence[Curve], totals: Sequence[float], whole: bool, grid: int = 120
) -> list[dict[str, float | int]]:
    """Return mean and deviation over the seeds of step curves.

    The mean is always over the same curves: it starts where all of them are defined and ends
    with the shortest. Otherwise it would jump, or fall, wherever a curve begins or ends. A curve
    that is not defined at that end is left out.

    Args:
        curves: for each seed the amounts at which its value changes, and the new values. The
            value is defined from the first amount on.
        totals: the last amount of each seed.
        whole: amounts are whole numbers.
        grid: the largest number of points; they are evenly spaced and include both ends.

    Returns:
        Points with `spent` (the amount; for whole amounts also as `told`, the name in released
        versions), `mean`, `deviation` and `count`, the number of curves.
    """
    end = min(totals, default=0.0)
    used = [curve for curve in curves if value_at(curve, end) is not None]
    if not used:
        return []
    start = max(1.0 if whole else 0.0, *(xs[0] for xs, _ in used))
    grid = min(grid, round(end - start) + 1) if whole else grid
    amounts = {float(x) for x in np.linspace(start, end, grid)}
    if whole:
        amounts = {float(round(x)) for x in amounts}
    points = []
    for amount in sorted(amounts):
        summary = mean_and_deviation([value_at(curve, amount) for curve in used])
        place = {"spent": int(amount), "told": int(amount)} if whole else {"spent": amount}
        points.append({**place, **(summary or {})})
    return points
