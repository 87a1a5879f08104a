"""Survival of NSGA-II: first by rank, then by distance from neighbours.

Deb, Pratap, Agarwal and Meyarivan, A fast and elitist multiobjective genetic algorithm:
NSGA-II, IEEE Transactions on Evolutionary Computation 6 (2002).
"""

from __future__ import annotations

import numpy as np

from .dominance import finite_rows, ranks


def crowding(points: np.ndarray) -> np.ndarray:
    """n x m finite points of one front -> n crowding distances, larger is lonelier.

    The outermost points of every objective are infinitely far; the others add up, for
    each objective, the gap between their two neighbours as a share of the front's range.
    """
    points = np.asarray(points, dtype=float)
    count = len(points)
    if count <= 2:
        return np.full(count, np.inf)
    distance = np.zeros(count)
    for column in points.T:
        order = np.argsort(column, kind="stable")
        ordered = column[order]
        span = ordered[-1] - ordered[0]
        if span == 0:
            continue
        distance[order[1:-1]] += (ordered[2:] - ordered[:-2]) / span
        distance[order[[0, -1]]] = np.inf
    return distance


def standing(points: np.ndarray, violations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """n x m points and n violations -> n ranks and n crowding distances within each rank.

    Points that are not finite have no distance: 0.
    """
    points = np.asarray(points, dtype=float)
    rank = ranks(points, violations)
    distance = np.zeros(len(points))
    finite = finite_rows(points)
    for level in np.unique(rank[finite]):
        members = finite & (rank == level)
        distance[members] = crowding(points[members])
    return rank, distance


def survivors(points: np.ndarray, violations: np.ndarray, k: int) -> np.ndarray:
    """The indices of the k best of n x m points, in rising order.

    Whole ranks first; of the rank that does not fit, the loneliest. Ties go to the lower
    index, so the choice follows from the input alone.
    """
    rank, distance = standing(points, violations)
    order = np.lexsort((np.arange(len(rank)), -distance, rank))
    return np.sort(order[:k])
