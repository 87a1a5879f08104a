"""The best candidate, and the survival of NSGA-II: by rank, then by crowding distance.

Deb, Pratap, Agarwal and Meyarivan, A fast and elitist multiobjective genetic algorithm:
NSGA-II, IEEE Transactions on Evolutionary Computation 6 (2002).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .dominance import finite_rows, ranks
from .scaling import within_half


def best(points: np.ndarray, violations: np.ndarray, numbers: Sequence[int]) -> int | None:
    """Return the row of the best candidate: the one that is best in the first objective.

    Ties go to the candidate that is better in the next objective, then to the lower number, so
    the best is on the front. If no candidate meets the constraints, the
    comparison starts with the violation.

    Args:
        points: n x m, lower is better; a missing later objective counts as the worst.
        violations: n, 0 if all constraints are met.
        numbers: n candidate numbers.

    Returns:
        None if no candidate has a finite first objective.
    """
    points = np.asarray(points, dtype=float)
    if not points.size:
        return None
    eligible = np.flatnonzero(np.isfinite(points[:, 0]))
    if not len(eligible):
        return None
    comparable = np.where(np.isfinite(points[eligible]), points[eligible], np.inf)
    excess = np.asarray(violations, dtype=float)[eligible]
    # np.lexsort takes the most significant key last.
    keys = [np.asarray(numbers)[eligible], *comparable.T[::-1], excess]
    return int(eligible[np.lexsort(keys)[0]])


def crowding(points: np.ndarray) -> np.ndarray:
    """Return the crowding distances n of n x m finite points of one front.

    The outermost points of every objective get infinity; for the others the gaps between
    their two neighbours, each as a share of the front's range, add up over the objectives.
    """
    count = len(points)
    if count <= 2:
        return np.full(count, np.inf)
    distance = np.zeros(count)
    for column in within_half(points).T:
        order = np.argsort(column, kind="stable")
        ordered = column[order]
        span = ordered[-1] - ordered[0]
        if span == 0:
            continue
        distance[order[1:-1]] += (ordered[2:] - ordered[:-2]) / span
        distance[order[[0, -1]]] = np.inf
    return distance


def rank_and_crowding(points: np.ndarray, violations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return n ranks and n crowding distances (within each rank) of n x m points.

    Points that are not finite have crowding distance 0.
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
    """Return the indices of the k best of n x m points, in ascending order.

    Whole ranks come first; of the rank that does not fit, the points with the largest crowding
    distance. Ties go to the lower index, so the selection depends only on the input.
    """
    rank, distance = rank_and_crowding(points, violations)
    order = np.lexsort((np.arange(len(rank)), -distance, rank))
    return np.sort(order[:k])
