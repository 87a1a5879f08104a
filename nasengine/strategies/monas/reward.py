"""From measured values to one reward: the four kinds of MONAS (1806.10332).

The paper's accuracy and energy are in [0, 1]. Here every objective is brought there by the
values of the first candidates: the best of them is worth 1, the worst 0, what lies outside
goes on along the same line up to one range further. So quality is 1 - the error's place in
that range, and a cost is its own place in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...core.errors import InvalidSettings
from ...core.objective import Constraint, Goal
from ...pareto.orientation import oriented

KINDS = ("mixed", "power-budget", "accuracy-floor", "macs")
# Outside of its constraint the paper's reward is 0 everywhere and teaches nothing: here it
# falls from -1, the least that quality can be inside, to -2, which shows the way in.
STEEPNESS = 3.0


class Scale:
    """The range of each objective over the first `count` candidates that were measured."""

    def __init__(self, goals: Sequence[Goal], count: int):
        self._goals = tuple(goals)
        self._count = count
        self._points: list[list[float]] = []

    @property
    def ready(self) -> bool:
        return len(self._points) >= self._count

    def learn(self, values: Mapping[str, float]) -> bool:
        """Takes the values of one candidate; whether it had all of them."""
        point = oriented([values], self._goals)[0]
        if not np.isfinite(point).all():
            return False
        if not self.ready:
            self._points.append(point.tolist())
        return True

    def places(self, values: Mapping[str, float]) -> dict[str, float]:
        """Goal -> 0 at the best of the first candidates, 1 at the worst; within -1 .. 2."""
        points = np.array(self._points)
        low, high = points.min(axis=0), points.max(axis=0)
        span = np.where(high > low, high - low, 1.0)
        placed = (oriented([values], self._goals)[0] - low) / span
        clipped = np.clip(placed, -1.0, 2.0)
        return {g.name: float(one) for g, one in zip(self._goals, clipped, strict=True)}

    def state_dict(self) -> list[list[float]]:
        return [list(point) for point in self._points]

    def load_state_dict(self, state: list[list[float]]) -> None:
        self._points = [list(point) for point in state]


class Reward:
    """One number for a candidate, higher is better.

    `weight` is the share of the costs in the mixed kinds: R = (1 - weight) quality - weight
    cost, cost being the mean over the costs that count. The paper writes alpha for
    1 - weight. The constrained kinds give the paper's reward inside the constraint.
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
        self.bounds = _bounds(kind, self.quality, goals, constraints)

    def of(self, values: Mapping[str, float], scale: Scale) -> float:
        """The reward of measured values."""
        places = scale.places(values)
        quality = 1 - places[self.quality.name]
        costs = [places[goal.name] for goal in self.costs]
        cost = sum(costs) / len(costs) if costs else 0.0
        broken = sum(
            bound.violation(values.get(bound.objective, math.inf)) for bound in self.bounds
        )
        if broken:
            return -1 - math.tanh(STEEPNESS * broken)
        if self.kind == "power-budget":
            return quality
        if self.kind == "accuracy-floor":
            return 1 - cost
        return (1 - self.weight) * quality - self.weight * cost if costs else quality


def _costs(kind: str, goals: Sequence[Goal]) -> tuple[Goal, ...]:
    if kind == "macs":
        return tuple(goal for goal in goals[1:] if goal.kind == "macs")
    return tuple(goals[1:])


def _bounds(
    kind: str, quality: Goal, goals: Sequence[Goal], constraints: Sequence[Constraint]
) -> tuple[Constraint, ...]:
    """The constraints that the kind needs; the mixed kinds keep any there are.

    Raises:
        InvalidSettings: it needs one that is not there, or a cost that nobody measures.
    """
    on_quality = [one for one in constraints if one.objective == quality.name]
    on_costs = [one for one in constraints if one.objective != quality.name]
    costs = ", ".join(goal.name for goal in goals[1:]) or "a cost"
    fault = ""
    if kind == "power-budget" and not on_costs:
        fault = f"needs a bound on a cost: add a constraint on {costs}"
    if kind == "accuracy-floor" and not on_quality:
        fault = f"needs a bound on {quality.name}: add a constraint such as {quality.name}<10"
    if kind == "accuracy-floor" and len(goals) < 2:
        fault = "needs a cost to lower: add an objective such as macs or latency@cpu"
    if kind == "macs" and not any(goal.kind == "macs" for goal in goals[1:]):
        fault = "needs the objective macs after the first one: add it"
    if fault:
        raise InvalidSettings({"strategy_config.reward": f"{kind} {fault}"})
    return tuple(constraints)


def check_reward(config: Any, goals: Sequence[Goal], constraints: Sequence[Constraint]) -> Reward:
    """The reward that settings `reward` and `cost_weight` describe.

    Raises:
        InvalidSettings: objectives or constraints do not go with it.
    """
    return Reward(config.reward, config.cost_weight, goals, constraints)
