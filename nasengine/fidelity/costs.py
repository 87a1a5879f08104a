"""Comparisons of trials by the objectives that are known exactly before the training ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.objective import Constraint, Goal
from ..pareto.orientation import measured_violation, oriented
from .trial import Trial


def sign_of_curve(objective: str, goals: Sequence[Goal]) -> float:
    """Return 1 if lower values of the curve's objective are better, else -1."""
    return -1.0 if any(g.name == objective and g.better == "higher" for g in goals) else 1.0


def costs_of(trial: Trial, objective: str, goals: Sequence[Goal]) -> np.ndarray:
    """Return the values of all objectives but that of the curve, lower is better."""
    others = [goal for goal in goals if goal.name != objective]
    assert trial.last is not None
    return oriented([trial.last.values], others)[0]


def costs_no_more(trial: Trial, other: Trial, objective: str, goals: Sequence[Goal]) -> bool:
    """Return whether a trial is at most as expensive as another in every cost."""
    return bool((costs_of(trial, objective, goals) <= costs_of(other, objective, goals)).all())


def bar_of(
    trial: Trial,
    trials: Sequence[Trial],
    goals: Sequence[Goal],
    constraints: Sequence[Constraint],
) -> float:
    """Return the value of the curve's objective that a trial must beat, lower is better.

    It is the best one of the finished trials that cost no more: with a single objective the best
    so far; with several, the trial would not be on the front otherwise. Infinity if there is none.
    """
    objective = trial.training.objective
    sign = sign_of_curve(objective, goals)
    bars = [
        sign * other.last.values[objective]
        for other in trials
        if other.last is not None
        and other.last.state == "done"
        and not measured_violation(other.last.values, constraints)
        and costs_no_more(other, trial, objective, goals)
    ]
    return min(bars, default=float("inf"))
