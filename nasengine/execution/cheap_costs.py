"""Costs that are known before training, and the constraints on them: one check for every search.

Candidates are checked before they are trained, and architectures that a supernet scores before
they are derived.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..catalog import load
from ..core.architecture import Architecture
from ..core.errors import Cancelled
from ..core.measurement import Measurement
from ..core.objective import Constraint, Goal
from ..core.proxy import ProxyObjective
from ..core.search_spec import SearchSpec
from ..core.seeds import derive
from ..core.space import Space
from ..core.text import one_line
from ..core.torch_state import seeded
from ..data.common.named import named_dataset
from ..pareto.orientation import measured_violation
from ..spaces.common.deployment import as_deployed
from . import assembly
from .proxy_scores import ProxyScores

if TYPE_CHECKING:
    import torch

PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


class CheapCosts:
    """Measures the cheap costs of architectures on networks with fresh weights.

    Args:
        spec: Checked search settings.
        space: The space of the architectures.
        goals: The objectives that are measured on a built network.
        seed: Seed of the weights; no cost depends on them. Proxies have weights of their own.
        cancelled: Polled before each measurement.
    """

    def __init__(
        self,
        spec: SearchSpec,
        space: Space,
        goals: Sequence[Goal],
        seed: int,
        cancelled: Callable[[], bool],
    ):
        self._spec = spec
        self._space = space
        self._seed = seed
        self._cancelled = cancelled
        self._objectives = {goal: load("objectives", goal.kind)() for goal in goals}
        self._by_architecture: dict[str, dict[str, Measurement]] = {}

    @cached_property
    def constraints(self) -> tuple[Constraint, ...]:
        """The constraints on cheap costs."""
        names = {goal.name for goal, objective in self._objectives.items() if objective.cheap}
        return tuple(
            constraint
            for constraint in assembly.constraints_of(self._spec)
            if constraint.objective in names
        )

    @property
    def goals(self) -> tuple[Goal, ...]:
        """The counted goals."""
        return tuple(self.groups[0])

    @property
    def groups(self) -> tuple[list[Goal], list[Goal]]:
        """The cheap goals: counted ones, which take no time, and those that are timed."""
        cheap = [goal for goal, objective in self._objectives.items() if objective.cheap]
        return (
            [goal for goal in cheap if not self._objectives[goal].on_device],
            [goal for goal in cheap if self._objectives[goal].on_device],
        )

    def measure(
        self, goal: Goal, network: torch.nn.Module, architecture: Architecture
    ) -> Measurement:
        """Measure one cost of the network of an architecture.

        Raises:
            Cancelled: the evaluation was cancelled.
        """
        if self._cancelled():
            raise Cancelled
        objective = self._objectives[goal]
        if isinstance(objective, ProxyObjective):
            return self.proxies.measure(architecture, [goal.kind])[goal.kind]
        measured: Measurement = objective.measure(network, self.facts.shape, goal.device)
        return measured

    def measured(
        self, network: torch.nn.Module, architecture: Architecture
    ) -> dict[str, Measurement]:
        """Return the cheap costs of a network, by name.

        All counted costs are measured even if one violates a constraint, so that the whole
        violation is known; costs that must be timed only if the counted ones violate none.
        """
        costs: dict[str, Measurement] = {}
        for group in self.groups:
            costs |= {goal.name: self.measure(goal, network, architecture) for goal in group}
            if self._violation(costs):
                break
        return costs

    def values(self, architecture: Architecture) -> dict[str, float]:
        """Return the cheap costs of an architecture; measured once."""
        key = architecture.id
        if key not in self._by_architecture:
            self._by_architecture[key] = self.measured(self.build(architecture), architecture)
        return {name: measured.value for name, measured in self._by_architecture[key].items()}

    def violation(self, architecture: Architecture) -> float:
        """Return by how much the cheap costs violate the constraints; 0 without constraints."""
        if not self.constraints:
            return 0.0
        return measured_violation(self.values(architecture), self.constraints)

    def build(self, architecture: Architecture) -> torch.nn.Module:
        """Return the network as it is deployed, with fresh weights."""
        with seeded(derive(self._seed, "weights")):
            network = self._space.build(architecture, self.facts.shape, self.facts.classes)
            return as_deployed(network)

    @cached_property
    def proxies(self) -> ProxyScores:
        """The scores of proxies."""
        return ProxyScores(self._spec, self._space, self._cancelled)

    @cached_property
    def facts(self) -> Any:
        """Shape and classes of the data set."""
        return named_dataset(self._spec.dataset, self._spec.dataset_config).facts()

    def _violation(self, costs: dict[str, Measurement]) -> float:
        values = {name: measured.value for name, measured in costs.items()}
        return measured_violation(values, self.constraints)


def violated_text(
    measured: dict[str, Measurement], goals: Sequence[Goal], constraints: Sequence[Constraint]
) -> str:
    """Return which constraints the measured values violate; "" if none."""
    by_name = {goal.name: goal for goal in goals}
    texts = []
    for constraint in constraints:
        cost = measured.get(constraint.objective)
        if cost is not None and constraint.violation(cost.value):
            amount = _amount(by_name[constraint.objective], cost.value)
            bound = f"{constraint.objective}{constraint.comparison}{constraint.bound:g}"
            texts.append(f"{amount} violates {bound}")
    return one_line(", ".join(texts))


def _amount(goal: Goal, value: float) -> str:
    """Return a value with unit prefix and unit: params 3.2 M, latency@cpu 4.1 ms."""
    size, letter = next(((s, prefix) for s, prefix in PREFIXES if abs(value) >= s), (1.0, ""))
    unit = "" if goal.unit == "MAC" else goal.unit
    return " ".join(f"{goal.name} {value / size:.4g} {letter}{unit}".split())
