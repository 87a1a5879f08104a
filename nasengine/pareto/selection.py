"""The best candidate, and the survival of NSGA-II: by rank, then by crowding distance.

Deb, Pratap, Agarwal and Meyarivan, A fast and elitist multiobjective genetic algorithm:
NSGA-II, IEEE Transactions on Evolutionary Computation 6 (2002). With a target, closeness to it
takes the place of the crowding distance: Deb and Sundar, Reference point based multi-objective
optimization using evolutionary algorithms (GECCO 2006).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .dominance import finite_rows, ranks
from .scaling import within_half

CLEARING = 0.001  # epsilon of Deb and Sundar (2006): closer points count as one


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


def closeness(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return n numbers that are larger the closer n x m finite points are to a target.

    Distances are Euclidean, with every objective divided by its range over the points. If points
    are closer together than `CLEARING`, only the one closest to the target keeps its place; the
    others come after all the rest, so that copies do not crowd out the neighbourhood.

    Args:
        points: n x m, lower is better.
        target: m; NaN in an objective that does not count.
    """
    chosen = np.flatnonzero(np.isfinite(target))
    placed = within_half(np.vstack([points, np.where(np.isfinite(target), target, 0.0)]))[:, chosen]
    placed, aim = placed[:-1], placed[-1]
    spans = placed.max(axis=0) - placed.min(axis=0)
    spans[spans == 0] = 1.0
    with np.errstate(over="ignore"):
        away = np.sqrt((((placed - aim) / spans) ** 2).sum(axis=1))
    order = np.argsort(away, kind="stable")
    kept: list[int] = []
    cleared: list[int] = []
    for index in order:
        gaps = np.abs((placed[kept] - placed[index]) / spans).max(axis=1) if kept else np.array([1])
        (cleared if (gaps < CLEARING).any() else kept).append(int(index))
    found = np.empty(len(points))
    found[[*kept, *cleared]] = -np.arange(len(points), dtype=float)
    return found


def rank_and_crowding(
    points: np.ndarray, violations: np.ndarray, target: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return n ranks and n crowding distances (within each rank) of n x m points.

    With a target the second numbers are `closeness`. Points that are not finite have the lowest.
    """
    points = np.asarray(points, dtype=float)
    rank = ranks(points, violations)
    distance = np.zeros(len(points)) if target is None else np.full(len(points), -np.inf)
    finite = finite_rows(points)
    for level in np.unique(rank[finite]):
        members = finite & (rank == level)
        of_rank = points[members]
        distance[members] = crowding(of_rank) if target is None else closeness(of_rank, target)
    return rank, distance


def survivors(
    points: np.ndarray, violations: np.ndarray, k: int, target: np.ndarray | None = None
) -> np.ndarray:
    """Return the indices of the k best of n x m points, in ascending order.

    Whole ranks come first; of the rank that does not fit, the points with the largest crowding
    distance, or those closest to the target. Ties go to the lower index, so the selection depends
    only on the input.
    """
    rank, distance = rank_and_crowding(points, violations, target)
    order = np.lexsort((np.arange(len(rank)), -distance, rank))
    return np.sort(order[:k])
