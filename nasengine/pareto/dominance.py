"""Who dominates whom, with and without constraints."""

from __future__ import annotations

import moocore
import numpy as np


def finite_rows(points: np.ndarray) -> np.ndarray:
    """n x m -> n: whether every number of the row is finite."""
    return np.isfinite(points).all(axis=1)


def non_dominated(points: np.ndarray) -> np.ndarray:
    """n x m -> n: whether no other point is as good everywhere and better somewhere.

    Equal points of the front are all kept.
    """
    points = np.asarray(points, dtype=float)
    mask = finite_rows(points)
    if mask.any():
        mask[mask] = moocore.is_nondominated(points[mask], keep_weakly=True)
    return mask


def constrained_front(points: np.ndarray, violations: np.ndarray) -> np.ndarray:
    """n x m points and n violations -> n: whether the point is on the front.

    The front is the feasible points that no feasible one dominates. Where nobody is
    feasible it is the points of least violation, so that there is something to look at.
    """
    points = np.asarray(points, dtype=float)
    violations = np.asarray(violations, dtype=float)
    mask = finite_rows(points)
    feasible = mask & (violations == 0)
    if feasible.any():
        mask = feasible
        mask[mask] = non_dominated(points[mask])
        return mask
    known = mask & np.isfinite(violations)
    if not known.any():
        return known
    return known & (violations == violations[known].min())


def ranks(points: np.ndarray, violations: np.ndarray) -> np.ndarray:
    """n x m points and n violations -> n ranks from 0, lower is better.

    Constrained domination of NSGA-II (Deb et al. 2002): feasible points by non-dominated
    sorting; after them the infeasible ones by their violation, equal ones sharing a rank;
    last the points that are not finite.
    """
    points = np.asarray(points, dtype=float)
    violations = np.asarray(violations, dtype=float)
    finite = finite_rows(points)
    rank = np.zeros(len(points), dtype=int)
    feasible = finite & (violations == 0)
    used = 0
    if feasible.any():
        rank[feasible] = moocore.pareto_rank(points[feasible])
        used = int(rank[feasible].max()) + 1
    infeasible = finite & ~feasible
    if infeasible.any():
        levels, place = np.unique(violations[infeasible], return_inverse=True)
        rank[infeasible] = used + place
        used += len(levels)
    rank[~finite] = used
    return rank
