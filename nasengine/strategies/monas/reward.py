"""The four rewards of MONAS (1806.10332): from measured values to one number.

In the paper, accuracy and energy are in [0, 1]. Here each objective is scaled by the values of
the first candidates: 0 at the best of them, 1 at the worst, linear beyond, clipped at one range
on either side. Quality is 1 minus the scaled error; a cost is its own scaled value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...core.errors import InvalidSettings
from ...core.objective import Constraint, Goal
from ...core.outcome import Outcome
from ...pareto.orientation import measured_violation, oriented

KINDS = ("mixed", "power-budget", "accuracy-floor", "macs")
# In the paper the reward is 0 everywhere outside the constraint, which gives no gradient. Here
# it falls from -1 (the lowest quality inside) to -2 and so points to the feasible region.
STEEPNESS = 3.0


class Scale:
    """The range of each objective over the first `count` measured candidates.

    It is ready after `count` candidates, also if some of them were not trained because they
    violate a constraint; it then grows with the next candidates that are measured.
    """

    def __init__(self, goals: Sequence[Goal], count: int):
        self._goals = tuple(goals)
        self._count = count
        self._points: list[list[float]] = []
        self._pruned = 0

    @property
    def ready(self) -> bool:
        return len(self._points) + self._pruned >= self._count

    def add_pruned(self) -> None:
        """Count a candidate that was not trained because it violates a constraint."""
        self._pruned += 1

    def add(self, values: Mapping[str, float]) -> bool:
        """Add a candidate's values until there are `count`.

        Returns:
            Whether the candidate has a finite value for every objective.
        """
        point = oriented([values], self._goals)[0]
        if not np.isfinite(point).all():
            return False
        if len(self._points) < self._count:
            self._points.append(point.tolist())
        return True

    def scaled(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return by objective 0 at the best first candidate, 1 at the worst; within -1 .. 2."""
        # Halves: the difference of two finite numbers is then finite.
        halves = np.array(self._points, dtype=float) / 2
        low, high = halves.min(axis=0), halves.max(axis=0)
        span = np.where(high > low, high - low, 0.5)
        with np.errstate(over="ignore"):
            scaled = (oriented([values], self._goals)[0] / 2 - low) / span
        scaled = np.clip(scaled, -1.0, 2.0)
        return {goal.name: float(value) for goal, value in zip(self._goals, scaled, strict=True)}

    def state_dict(self) -> dict[str, Any]:
        return {"points": [list(point) for point in self._points], "pruned": self._pruned}

    def load_state_dict(self, state: dict[str, Any] | list[list[float]]) -> None:
        """Restore a state; older releases saved only the points."""
        points, pruned = (
            (state["points"], state["pruned"]) if isinstance(state, dict) else (state, 0)
        )
        self._points = [[float(value) for value in point] for point in points]
        self._pruned = pruned


class Reward:
    """The reward of a candidate, higher is better.

    The mixed kinds are R = (1 - weight) quality - weight cost, where cost is the mean of the
    scaled costs and 1 - weight is the paper's alpha. The constrained kinds give the paper's
    reward inside the constraint.

    Args:
        kind: one of `KINDS`.
        weight: share of the costs in the mixed kinds.
        goals: the first one is quality, the others are costs.
        constraints: the bounds of the search.

    Raises:
        InvalidSettings: the kind needs a constraint or a cost that is missing.
    """

    def __init__(
        self,
        kind: str,
        weight: float,
        goals: Sequence[Goal],
        constraints: Sequence[Constraint],
    ):
        self.kind = kind
        self.weight = weight
        self.quality = goals[0]
        self.costs = _costs(kind, goals)
        self.constraints = tuple(constraints)
        _check(kind, goals, constraints)

    def is_infeasible(self, outcome: Outcome) -> bool:
        """Return whether the candidate was not trained because it violates a constraint."""
        return (
            outcome.state == "pruned" and measured_violation(outcome.values, self.constraints) > 0
        )

    def of(self, values: Mapping[str, float], scale: Scale) -> float:
        """Return the reward of measured values; a feasible candidate has all objectives."""
        excess = measured_violation(values, self.constraints)
        if excess:
            return -1 - math.tanh(STEEPNESS * excess)
        scaled = scale.scaled(values)
        quality = 1 - scaled[self.quality.name]
        costs = [scaled[goal.name] for goal in self.costs]
        cost = sum(costs) / len(costs) if costs else 0.0
        if self.kind == "power-budget":
            return quality
        if self.kind == "accuracy-floor":
            return 1 - cost
        return (1 - self.weight) * quality - self.weight * cost if costs else quality


def _costs(kind: str, goals: Sequence[Goal]) -> tuple[Goal, ...]:
    if kind == "macs":
        return tuple(goal for goal in goals[1:] if goal.kind == "macs")
    return tuple(goals[1:])


def _check(kind: str, goals: Sequence[Goal], constraints: Sequence[Constraint]) -> None:
    """Raise InvalidSettings if the kind needs a constraint or a cost that is missing."""
    quality = goals[0].name
    on_quality = [bound for bound in constraints if bound.objective == quality]
    on_costs = [bound for bound in constraints if bound.objective != quality]
    costs = ", ".join(goal.name for goal in goals[1:]) or "a cost"
    fault = ""
    if kind == "power-budget" and not on_costs:
        fault = f"needs a bound on a cost: add a constraint on {costs}"
    if kind == "accuracy-floor" and not on_quality:
        fault = f"needs a bound on {quality}: add a constraint such as {quality}<10"
    if kind == "accuracy-floor" and len(goals) < 2:
        fault = "needs a cost to lower: add an objective such as macs or latency@cpu"
    if kind == "macs" and not any(goal.kind == "macs" for goal in goals[1:]):
        fault = "needs the objective macs after the first one: add it"
    if fault:
        raise InvalidSettings({"strategy_config.reward": f"{kind} {fault}"})
