"""Statistics over seeds: mean and deviation, ranks, and the test against random search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import mannwhitneyu, rankdata


def mean_and_deviation(values: Sequence[float | None]) -> dict[str, Any] | None:
    """Return mean, standard deviation (n - 1; None for one value) and count.

    Values of None are left out; the result is None if no value is left.
    """
    present = np.array([value for value in values if value is not None], dtype=float)
    if not len(present):
        return None
    deviation = float(present.std(ddof=1)) if len(present) > 1 else None
    return {"mean": float(present.mean()), "deviation": deviation, "count": len(present)}


def compare_samples(
    first: Sequence[float | None], second: Sequence[float | None]
) -> dict[str, float] | None:
    """Test whether two samples differ: two-sided Mann-Whitney p, and effect size A12.

    A12 (Vargha and Delaney, 2000) is the probability that a value of `first` is larger than a
    value of `second`, counting half of the ties; 0.5 means no difference.

    Returns:
        None if one of the samples has fewer than two values.
    """
    a = [value for value in first if value is not None]
    b = [value for value in second if value is not None]
    if min(len(a), len(b)) < 2:
        return None
    test = mannwhitneyu(a, b, alternative="two-sided")
    return {"p": float(test.pvalue), "effect": float(test.statistic) / (len(a) * len(b))}


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


def mean_curve(
    curves: Sequence[tuple[Sequence[int], Sequence[float]]], lengths: Sequence[int], grid: int = 120
) -> list[dict[str, float | int]]:
    """Return mean and deviation over the seeds of step curves.

    Args:
        curves: for each seed the steps at which its value changes, and the new values. The value
            is defined from the first step on.
        lengths: the last step of each seed.
        grid: the largest number of points; they are evenly spaced and include the last step.

    Returns:
        Points with `told` (the step), `mean`, `deviation` and `count`, the number of curves that
        are defined at this step.
    """
    longest = max(lengths, default=0)
    points = []
    for step in sorted({round(x) for x in np.linspace(1, longest, min(grid, longest))}):
        defined = [
            values[np.searchsorted(xs, step, side="right") - 1]
            for (xs, values), length in zip(curves, lengths, strict=True)
            if length >= step and len(xs) and xs[0] <= step
        ]
        if summary := mean_and_deviation(defined):
            points.append({"told": step, **summary})
    return points
