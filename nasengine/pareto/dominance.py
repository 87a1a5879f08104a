"""Dominance and ranks, with and without constraints."""

from __future__ import annotations

import numpy as np


def finite_rows(points: np.ndarray) -> np.ndarray:
    """Return for n x m points a mask n: whether every number of the row is finite."""
    return np.isfinite(points).all(axis=1)


def non_dominated(points: np.ndarray) -> np.ndarray:
    """Return for n x m points a mask n: whether no other point dominates the row.

    A point dominates another if it is nowhere worse and better in at least one objective, so
    equal points of the front are all kept.
    """
    points = np.asarray(points, dtype=float)
    mask = finite_rows(points)
    if mask.any():
        import moocore  # 3 MB that an idle process does not need

        mask[mask] = moocore.is_nondominated(points[mask], keep_weakly=True)
    return mask


def joined(points: np.ndarray) -> np.ndarray:
    """Return for n x m points, in order of arrival, whether no earlier point dominates the row.

    Only these rows ever were on the growing front, so fronts, best values and hypervolumes at
    any time need no other row.
    """
    points = np.asarray(points, dtype=float)
    mask = finite_rows(points)
    front = np.empty((0, points.shape[1] if points.ndim == 2 else 0))
    for row in np.flatnonzero(mask):
        point = points[row]
        not_worse = (front <= point).all(axis=1)
        if (not_worse & (front < point).any(axis=1)).any():
            mask[row] = False
            continue
        dominated = (point <= front).all(axis=1) & (point < front).any(axis=1)
        front = np.vstack([front[~dominated], point])
    return mask


def constrained_front(points: np.ndarray, violations: np.ndarray) -> np.ndarray:
    """Return for n x m points and n violations a mask n: whether the point is on the front.

    The front is the feasible points that no feasible point dominates. If no point is feasible,
    it is the points with the smallest violation, so that a page has something to show.
    """
    points = np.asarray(points, dtype=float)
    violations = np.asarray(violations, dtype=float)
    mask = finite_rows(points)
    feasible = mask & (violations == 0)
    if feasible.any():
        mask = feasible
        mask[mask] = non_dominated(points[mask])
        return mask
    comparable = mask & np.isfinite(violations)
    if not comparable.any():
        return comparable
    return comparable & (violations == violations[comparable].min())


def ranks(points: np.ndarray, violations: np.ndarray) -> np.ndarray:
    """Return for n x m points and n violations the ranks n from 0, lower is better.

    Constrained domination of NSGA-II (Deb et al. 2002): first the feasible points by
    non-dominated sorting; then the infeasible points by their violation, equal violations
    sharing a rank; last the points that are not finite. A point with a violation may have
    numbers that are not finite: a candidate that violates a constraint is not trained, so some
    of its objectives are unknown.
    """
    points = np.asarray(points, dtype=float)
    violations = np.asarray(violations, dtype=float)
    finite = finite_rows(points)
    rank = np.zeros(len(points), dtype=int)
    feasible = finite & (violations == 0)
    used = 0
    if feasible.any():
        import moocore

        rank[feasible] = moocore.pareto_rank(points[feasible])
        used = int(rank[feasible].max()) + 1
    infeasible = (finite & ~feasible) | (np.isfinite(violations) & (violations > 0))
    if infeasible.any():
        levels, level_of = np.unique(violations[infeasible], return_inverse=True)
        rank[infeasible] = used + level_of
        used += len(levels)
    rank[~feasible & ~infeasible] = used
    return rank
