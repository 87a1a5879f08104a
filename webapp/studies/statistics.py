"""Numbers over seeds: mean and deviation, ranks, and whether a method differs from chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import mannwhitneyu, rankdata


def mean_and_deviation(values: Sequence[float | None]) -> dict[str, Any] | None:
    """Mean, standard deviation over the seeds (n - 1; None for one), and how many; values
    that are None are left out. None where none is left."""
    there = np.array([value for value in values if value is not None], dtype=float)
    if not len(there):
        return None
    deviation = float(there.std(ddof=1)) if len(there) > 1 else None
    return {"mean": float(there.mean()), "deviation": deviation, "count": len(there)}


def compare_samples(
    one: Sequence[float | None], other: Sequence[float | None]
) -> dict[str, float] | None:
    """Whether two samples differ: Mann-Whitney's two-sided p, and Vargha and Delaney's A12.

    A12 is the probability that a value of `one` is larger than one of `other`, half of the
    ties counted; 0.5 is no difference. None where either has fewer than two values.
    """
    a = [value for value in one if value is not None]
    b = [value for value in other if value is not None]
    if min(len(a), len(b)) < 2:
        return None
    found = mannwhitneyu(a, b, alternative="two-sided")
    return {"p": float(found.pvalue), "effect": float(found.statistic) / (len(a) * len(b))}


def mean_ranks(
    values: Mapping[str, Sequence[float | None]],
) -> dict[str, dict[str, float | int | None]]:
    """Of each name the mean rank over the seeds, and how often it was (also) the best.

    `values` has for each name one value a seed, larger is better. Equals share the mean of
    their ranks. A seed counts once every name has a value for it; without any, the mean is
    None.
    """
    names = list(values)
    rows = [row for row in zip(*values.values(), strict=True) if None not in row]
    ranks = np.array([rankdata([-value for value in row]) for row in rows])
    tops = np.array([[value == max(row) for value in row] for row in rows])
    return {
        name: {
            "rank": float(ranks[:, i].mean()) if rows else None,
            "wins": int(tops[:, i].sum()) if rows else 0,
            "seeds": len(rows),
        }
        for i, name in enumerate(names)
    }


def mean_curve(
    curves: Sequence[tuple[Sequence[int], Sequence[float]]], lengths: Sequence[int], grid: int = 120
) -> list[dict[str, float | int]]:
    """Mean and deviation over the seeds of curves that change in steps.

    Curve i has a value from its first place on, and is known up to `lengths[i]`. At a
    place only curves known there count; `count` says how many. At most `grid` places,
    evenly, the last included.
    """
    longest = max(lengths, default=0)
    points = []
    for place in sorted({round(x) for x in np.linspace(1, longest, min(grid, longest))}):
        there = [
            values[np.searchsorted(xs, place, side="right") - 1]
            for (xs, values), length in zip(curves, lengths, strict=True)
            if length >= place and len(xs) and xs[0] <= place
        ]
        if there:
            spread = mean_and_deviation(there)
            points.append({"told": place, **spread})
    return points
