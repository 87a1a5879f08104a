"""Step curves over an amount that was spent, and their mean over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .samples import ROUNDING

Curve = tuple[Sequence[float], Sequence[float]]  # amounts in ascending order, values


def value_at(curve: Curve, amount: float) -> float | None:
    """Return the value of a step curve at an amount; None before its first step."""
    xs, values = curve
    place = int(np.searchsorted(xs, amount, side="right"))
    return values[place - 1] if place else None


def mean_curve(
    curves: Sequence[Curve], totals: Sequence[float], whole: bool, grid: int = 120
) -> list[dict[str, Any]]:
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
    steps = sorted(amounts)
    rows = [_values_at(curve, steps) for curve in used]
    table = np.array(rows, dtype=float)
    means, count = table.mean(axis=0), len(used)
    deviations: list[float | None] = [None] * len(steps)
    if count > 1:
        deviations = _deviations(table).tolist()
    return [
        {
            **({"spent": int(x), "told": int(x)} if whole else {"spent": x}),
            "mean": mean,
            "deviation": deviation,
            "count": count,
        }
        for x, mean, deviation in zip(steps, means.tolist(), deviations, strict=True)
    ]


def _values_at(curve: Curve, amounts: Sequence[float]) -> np.ndarray:
    """Return the values of a step curve at amounts from its first step on."""
    xs, values = curve
    return np.asarray(values, dtype=float)[np.searchsorted(xs, amounts, side="right") - 1]


def _deviations(table: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each column; 0 where values differ in rounding only."""
    found: np.ndarray = table.std(axis=0, ddof=1)
    same = np.ptp(table, axis=0) <= ROUNDING * np.abs(table).max(axis=0)
    found[same] = 0.0
    return found
