"""Conversion of named values to points in which lower is better, and the constraint check."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .scaling import MAX

if TYPE_CHECKING:
    from ..core.objective import Constraint, Goal


def signs(goals: Sequence[Goal]) -> np.ndarray:
    """Return m factors: 1 if lower is better, -1 if higher is better."""
    return np.array([-1.0 if goal.better == "higher" else 1.0 for goal in goals])


def oriented(values: Sequence[Mapping[str, float]], goals: Sequence[Goal]) -> np.ndarray:
    """Return n x m points, lower is better; NaN for a value that is missing or not finite."""
    points = np.full((len(values), len(goals)), np.nan)
    for row, named in enumerate(values):
        for column, goal in enumerate(goals):
            value = named.get(goal.name)
            if value is not None and math.isfinite(value):
                points[row, column] = value
    return points * signs(goals)


def measured_violation(values: Mapping[str, float], constraints: Sequence[Constraint]) -> float:
    """Return the violation of those constraints whose objective has a finite value.

    It is the violation that is known of a candidate which was not trained.
    """
    known = [c for c in constraints if math.isfinite(values.get(c.objective, math.nan))]
    return violation(values, known)


def violation(values: Mapping[str, float], constraints: Sequence[Constraint]) -> float:
    """Return by how much the constraints are violated, relative to their bounds and summed.

    0 if all are met; infinite if a constrained objective has no finite value; otherwise finite.
    """
    total = 0.0
    for constraint in constraints:
        value = values.get(constraint.objective)
        if value is None or not math.isfinite(value):
            return math.inf
        total += constraint.violation(value)
    return min(total, MAX)
