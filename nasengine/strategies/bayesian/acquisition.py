"""Acquisition functions: expected improvement, gain in hypervolume, chance to be feasible."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from ...core.objective import Constraint, Goal
from ...pareto.dominance import non_dominated
from ...pareto.orientation import signs
from ...pareto.volume import gain, reference_point
from .surrogate import Prediction


def expected_improvement(mean: np.ndarray, deviation: np.ndarray, best: float) -> np.ndarray:
    """Return how far n values are expected to be below the best; lower is better."""
    distance = (best - mean) / deviation
    density = np.exp(-0.5 * distance**2) / np.sqrt(2 * np.pi)
    improvement: np.ndarray = deviation * (distance * ndtr(distance) + density)
    return improvement


def chance_feasible(
    prediction: Prediction, goals: Sequence[Goal], constraints: Sequence[Constraint]
) -> np.ndarray:
    """Return the probability of n architectures to meet all constraints."""
    names, sign = [goal.name for goal in goals], signs(goals)
    chance = np.ones(len(prediction.means))
    for constraint in constraints:
        column = names.index(constraint.objective)
        bound = prediction.scales[column].forward(np.array([constraint.bound * sign[column]]))[0]
        below = ("<" in constraint.comparison) == (sign[column] > 0)
        distance = (bound - prediction.means[:, column]) / prediction.deviations[:, column]
        chance *= ndtr(distance if below else -distance)
    return chance


def by_hypervolume(
    optimistic: np.ndarray, points: np.ndarray, weights: np.ndarray, count: int
) -> list[int]:
    """Return the indices of the `count` architectures that add most hypervolume together.

    They are chosen one by one, each in addition to those before it.

    Args:
        optimistic: n x m predicted points, lower is better.
        points: k x m measured points.
        weights: n factors of the gains.
        count: At most n.
    """
    low = points.min(axis=0)
    span = np.where(np.ptp(points, axis=0) > 0, np.ptp(points, axis=0), 1.0)
    scaled, measured = (optimistic - low) / span, (points - low) / span
    reference = reference_point(measured)
    rows = np.unique(measured[non_dominated(measured)], axis=0)
    bounds = np.array([gain(point, rows, reference) for point in scaled]) * weights
    chosen: list[int] = []
    while len(chosen) < count:
        # A gain only shrinks while the front grows, so the old ones are upper bounds.
        order = np.lexsort((np.arange(len(bounds)), -bounds))
        best, index = -np.inf, -1
        for candidate in order:
            if bounds[candidate] <= best:
                break
            if candidate not in chosen:
                present = gain(scaled[candidate], rows, reference) * weights[candidate]
                bounds[candidate] = present
                if present > best:
                    best, index = present, int(candidate)
        if index < 0:
            break
        chosen.append(index)
        bounds[index] = -1.0
        rows = np.concatenate([rows, scaled[index : index + 1]])
    return chosen
