"""The part of the front on which one method is ahead of another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

DIRECTIONS = 20


def directions(objectives: int, count: int = DIRECTIONS) -> np.ndarray:
    """Return evenly spread weights k x m of the objectives, positive, that add up to 1.

    They are the inner points of the simplex lattice of Das and Dennis (1998) whose size comes
    first to `count`.
    """
    if objectives < 2:
        return np.ones((1, objectives))
    parts = objectives
    while True:
        cuts = list(combinations(range(1, parts), objectives - 1))
        if len(cuts) >= count:
            break
        parts += 1
    edges = np.array([[0, *cut, parts] for cut in cuts], dtype=float)
    return np.diff(edges, axis=1) / parts


def covered(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return the shares of the front on which the first and the second method are ahead.

    In each direction a front reaches the smallest weighted Chebyshev distance of its points from
    the best values of all fronts, in units of the range of all points. A method is ahead where
    its median over the seeds is smaller; the shares are those of the directions.

    Args:
        first: The fronts n x m of the first method, one per seed; lower is better.
        second: Those of the second method.
    """
    every = [front for front in (*first, *second) if len(front)]
    if not every or not any(map(len, first)) or not any(map(len, second)):
        return (float(any(map(len, first))), float(any(map(len, second))))
    points = np.vstack(every)
    low, high = points.min(axis=0), points.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    weights = directions(points.shape[1])
    a, b = (np.median([_reach((f - low) / span, weights) for f in fronts], axis=0)
            for fronts in (first, second))  # fmt: skip
    return float((a < b).mean()), float((b < a).mean())


def _reach(front: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The distance that a front reaches in each direction; infinite for an empty front."""
    if not len(front):
        return np.full(len(weights), np.inf)
    reached: np.ndarray = (front[:, None, :] / weights[None]).max(axis=2).min(axis=0)
    return reached
