"""Estimator made of a plain Python function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..catalog import has, load
from ..core.errors import EngineError
from ..core.estimator import Estimator, Evaluation
from ..core.measurement import Measurement
from ..core.objective import Goal, split_name
from ..core.outcome import Outcome
from ..core.text import shorten

PREFIX = "function:"


@dataclass(frozen=True)
class FunctionConfig:
    """Settings of a function: none."""


class FunctionEstimator(Estimator):
    """Calls a Python function with each architecture.

    Objectives that a network is measured for (params, macs, latency@DEVICE) are measured as
    usual; all others come from the function.
    """

    Config = FunctionConfig
    trains_standalone = False
    function: ClassVar[Callable[..., Any]]
    goals: ClassVar[dict[str, Goal]] = {}
    takes_seed: ClassVar[bool] = False

    def provides(self, goal: Goal) -> bool:
        return self.goal(goal.name, "") is not None or load("objectives", goal.kind).from_estimator

    def goal(self, name: str, dataset: str) -> Goal | None:
        if name in self.goals:
            return self.goals[name]
        kind, device = split_name(name)
        return None if has("objectives", kind) else Goal(name, kind, device, "lower", "")

    def evaluate(self, evaluation: Evaluation) -> Outcome:
        options = {"seed": evaluation.seed} if self.takes_seed else {}
        returned = type(self).function(evaluation.proposal.architecture, **options)
        measurements = tuple(_measurements(returned, evaluation.goals))
        return Outcome(evaluation.proposal.number, "done", measurements)


def function_estimator(
    function: Callable[..., Any], goals: Mapping[str, Goal] | None = None
) -> type[FunctionEstimator]:
    """Return an estimator class, named `function:NAME`, that calls this function.

    Args:
        function: Takes an `Architecture` and returns a number (the value of the first objective
            that the function provides) or a mapping of objective names to numbers. If it has a
            parameter `seed`, it is passed the seed of the evaluation.
        goals: Direction and unit of objectives; default: lower is better, no unit.
    """
    name = getattr(function, "__qualname__", type(function).__qualname__)
    try:
        takes_seed = "seed" in inspect.signature(function).parameters
    except (TypeError, ValueError):  # some built-in functions have no signature
        takes_seed = False
    return type(
        "FunctionEstimator",
        (FunctionEstimator,),
        {
            "__doc__": f"Calls the Python function {name}.",
            "name": f"{PREFIX}{name}",
            "function": staticmethod(function),
            "goals": dict(goals or {}),
            "takes_seed": takes_seed,
        },
    )


def _measurements(returned: Any, goals: tuple[Goal, ...]) -> list[Measurement]:
    units = {goal.name: goal.unit for goal in goals}
    values = returned if isinstance(returned, Mapping) else {goals[0].name: returned}
    measurements = []
    for name, value in values.items():
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise EngineError(
                f"the function returned {shorten(value)} for {shorten(name)}: it must return a "
                "number, or a mapping of objective names to numbers"
            ) from None
        measurements.append(Measurement(str(name), number, units.get(name, "")))
    return measurements
