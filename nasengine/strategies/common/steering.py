"""Steering a search that keeps a population: the same for every such strategy."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.errors import EngineError
from ...core.strategy import Strategy
from .population import Population


class SteeredStrategy(Strategy):
    """A strategy whose population can prefer members close to a target.

    The target is stored with the population.
    """

    can_steer = True
    _population: Population

    def steer(self, target: Mapping[str, float] | None) -> None:
        names = [goal.name for goal in self.task.goals]
        if len(names) < 2:
            raise EngineError("a search with one objective has no front to steer on")
        unknown = sorted(set(target or {}) - set(names))
        if unknown or target == {}:
            wrong = f"{unknown[0]} is not one" if unknown else "none is given"
            raise EngineError(f"a target has values of the objectives {', '.join(names)}; {wrong}")
        self._population.aim(target)
