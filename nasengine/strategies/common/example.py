"""Measured candidates as a surrogate's training examples, and the pool that it chooses from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from ...core.architecture import Architecture
from ...core.outcome import Outcome
from ...core.proposal import Proposal
from ...core.space import Space
from ...core.strategy import Task
from ...pareto.selection import survivors
from .ended import point_and_violation
from .packed_tokens import pack_tokens, unpack_tokens
from .proposal_tracker import ProposalTracker

MAX_MUTANTS = 30  # of a parent, in a space that cannot list its neighbours


def pack(architecture: Architecture, space: Space) -> Any:
    """Return an architecture as short JSON: its decisions if the space has them."""
    if "decisions" in space.capabilities:
        return pack_tokens(space.choices(architecture))
    return {"genome": architecture.genome, "config": architecture.config}


def unpack(value: Any, space: Space) -> Architecture:
    """Return the architecture of what `pack` returned."""
    if isinstance(value, str):
        return space.from_choices(unpack_tokens(value))
    return Architecture(space.name, value["config"], value["genome"])


class Known(Protocol):
    """Point and violation of a measured candidate; see `Example`."""

    @property
    def point(self) -> tuple[float, ...]: ...
    @property
    def violation(self) -> float: ...


K = TypeVar("K", bound=Known)


@dataclass(frozen=True)
class Example:
    """A measured candidate.

    `point` holds one number per objective, lower is better; NaN if it was not measured, because
    the candidate violates a constraint. `violation` is 0 if it meets every constraint.
    """

    number: int
    architecture: Architecture
    point: tuple[float, ...]
    violation: float

    def to_json(self, space: Space) -> list[Any]:
        point = [value if math.isfinite(value) else None for value in self.point]
        return [self.number, pack(self.architecture, space), point, self.violation]

    @classmethod
    def from_json(cls, value: list[Any], space: Space) -> Example:
        number, packed, numbers, violation = value
        point = tuple(math.nan if number is None else float(number) for number in numbers)
        return cls(number, unpack(packed, space), point, float(violation))

    @classmethod
    def of(cls, proposal: Proposal, outcome: Outcome, task: Task) -> Example | None:
        """Return the example of a candidate that ended; None if nothing can be learned from it.

        Candidates that ended badly are not learned from; those that violate a constraint are.
        """
        known = point_and_violation(outcome, task.goals, task.constraints)
        return None if known is None else cls(proposal.number, proposal.architecture, *known)


def points_of(examples: Sequence[Known]) -> np.ndarray:
    """Return n x m points, lower is better; NaN where a value was not measured."""
    return np.array([example.point for example in examples])


def violations_of(examples: Sequence[Known]) -> np.ndarray:
    """Return the violations n."""
    return np.array([example.violation for example in examples])


def best_and_newest(examples: list[K], memory: int) -> list[K]:
    """Return the best and the newest half of `memory` examples, in their order."""
    if len(examples) <= memory:
        return examples
    older = examples[: -(memory - memory // 2)]
    kept = survivors(points_of(older), violations_of(older), memory // 2)
    return [*(older[index] for index in kept), *examples[len(older) :]]


def unseen_neighbours(
    examples: Sequence[Example],
    space: Space,
    tracker: ProposalTracker,
    *,
    parents: int,
    children: int,
) -> dict[Architecture, int | None]:
    """Return unseen neighbours of the best examples, each with the number of its parent.

    Args:
        examples: Measured candidates.
        space: Its neighbours, or mutants if it cannot list them.
        tracker: Knows what was proposed.
        parents: Best examples whose neighbours are taken.
        children: Most neighbours of all together.
    """
    best = survivors(points_of(examples), violations_of(examples), parents)
    found: dict[Architecture, int | None] = {}
    share = max(children // max(len(best), 1), 1)
    rng, seen = tracker.rng, tracker.seen
    for index in best:
        parent = examples[index]
        if "neighbours" in space.capabilities:
            near = list(space.neighbours(parent.architecture))
            if len(near) > share:
                near = [near[i] for i in rng.permutation(len(near))[:share]]
        else:
            mutants = range(min(share, MAX_MUTANTS))
            near = [space.mutate(parent.architecture, rng) for _ in mutants]
        found.update((neighbour, parent.number) for neighbour in near if neighbour not in seen)
    return found
