"""The population of an evolutionary strategy: members, ranking, tournaments and survival."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.architecture import Architecture
from ...core.objective import Constraint, Goal
from ...core.outcome import Outcome
from ...core.proposal import Proposal
from ...pareto.orientation import oriented
from ...pareto.selection import rank_and_crowding, survivors
from .ended import point_and_violation


@dataclass(frozen=True)
class Member:
    """A candidate that may become a parent.

    `point` holds one number per objective, lower is better; NaN if it was not measured, because
    the candidate violates a constraint. `violation` is 0 if the member meets every constraint.
    """

    number: int
    architecture: Architecture
    point: tuple[float, ...]
    violation: float

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "architecture": self.architecture.to_json(),
            "point": [value if math.isfinite(value) else None for value in self.point],
            "violation": self.violation if math.isfinite(self.violation) else None,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Member:
        return cls(
            value["number"],
            Architecture.from_json(value["architecture"]),
            tuple(math.nan if number is None else float(number) for number in value["point"]),
            math.inf if value["violation"] is None else float(value["violation"]),
        )


class Population:
    """Members in order of joining, oldest first.

    `joined` counts all members that ever joined. Members are compared by rank (constrained
    domination), then by crowding distance, as in NSGA-II; after `aim` by rank, then by closeness
    to the target.
    """

    def __init__(self, goals: Sequence[Goal], constraints: Sequence[Constraint]):
        self._goals = goals
        self._constraints = constraints
        self.members: list[Member] = []
        self.joined = 0
        self._target: np.ndarray | None = None  # oriented; NaN in an objective that does not count
        self._ranking: tuple[np.ndarray, np.ndarray] | None = None  # of the present members

    def join(self, proposal: Proposal, outcome: Outcome) -> bool:
        """Add an ended candidate and return whether it takes part in selection.

        A candidate takes part if it is done and has a finite value for every objective, or if it
        was not trained because it violates a constraint. The second kind ranks behind every
        feasible member, by its violation (Deb's rule), and so leads the search to the feasible
        region.
        """
        known = point_and_violation(outcome, self._goals, self._constraints)
        if known is None:
            return False
        member = Member(proposal.number, proposal.architecture, *known)
        self._replace([*self.members, member])
        self.joined += 1
        return True

    def aim(self, target: Mapping[str, float] | None) -> None:
        """Prefer members close to these values of objectives; None prefers sparse regions."""
        self._target = None if target is None else oriented([target], self._goals)[0]
        self._ranking = None

    def merge(self, other: Population) -> None:
        """Append the members of another population."""
        self._replace([*self.members, *other.members])
        self.joined += len(other.members)

    def tournament(self, rng: np.random.Generator, size: int) -> Member:
        """Draw `size` members with replacement and return the best; of equals the first drawn."""
        return self.members[self.best_of(rng.integers(len(self.members), size=size))]

    def keep_youngest(self, size: int) -> None:
        self._replace(self.members[-size:])

    def keep_fittest(self, size: int) -> None:
        """Keep `size` members by NSGA-II's survival; of equal members the older one stays."""
        if len(self.members) > size:
            kept = survivors(self._points(), self._violations(), size, self._target)
            self._replace([self.members[i] for i in kept])

    def keep_front(self) -> None:
        """Drop every dominated member."""
        self._replace(self.front)

    @property
    def front(self) -> list[Member]:
        """The members of rank 0, in order of joining."""
        if not self.members:
            return []
        ranks, _ = self._rank_and_crowding()
        return [member for member, rank in zip(self.members, ranks, strict=True) if rank == 0]

    def keep_front_or(self, size: int) -> None:
        """Keep the whole front, or the `size` fittest members if the front is smaller."""
        if len(self.members) > size:
            front = self.front
            if len(front) >= size:
                self._replace(front)
            else:
                self.keep_fittest(size)

    def drop(self, index: int) -> None:
        """Remove the member at an index."""
        self._replace(self.members[:index] + self.members[index + 1 :])

    def best_of(self, indices: np.ndarray) -> int:
        """Return the index with the lowest rank, then the largest crowding distance."""
        ranks, distances = self._rank_and_crowding()
        return int(min(indices, key=lambda index: (ranks[index], -distances[index])))

    def worst_of(self, indices: np.ndarray) -> int:
        """Return the index with the highest rank, then the smallest crowding distance."""
        ranks, distances = self._rank_and_crowding()
        return int(max(indices, key=lambda index: (ranks[index], -distances[index])))

    def fittest(self, count: int) -> list[Member]:
        """Return the `count` fittest members, best first; of equal members the older one."""
        ranks, distances = self._rank_and_crowding()
        order = np.lexsort((np.arange(len(ranks)), -distances, ranks))
        return [self.members[index] for index in order[:count]]

    def state_dict(self) -> dict[str, Any]:
        state: dict[str, Any] = {
            "joined": self.joined,
            "members": [member.to_json() for member in self.members],
        }
        if self._target is not None:
            state["target"] = [
                value if math.isfinite(value) else None for value in self._target.tolist()
            ]
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.joined = state["joined"]
        target = state.get("target")
        if target is not None:
            self._target = np.array(
                [math.nan if value is None else float(value) for value in target]
            )
        self._replace([Member.from_json(value) for value in state["members"]])

    def _rank_and_crowding(self) -> tuple[np.ndarray, np.ndarray]:
        if self._ranking is None:
            points, violations = self._points(), self._violations()
            self._ranking = rank_and_crowding(points, violations, self._target)
        return self._ranking

    def _replace(self, members: list[Member]) -> None:
        self.members = members
        self._ranking = None

    def _points(self) -> np.ndarray:
        return np.array([member.point for member in self.members])

    def _violations(self) -> np.ndarray:
        return np.array([member.violation for member in self.members])


def sample_errors(sample: int, population: int) -> dict[str, str]:
    """Return the message for setting `sample` if a tournament exceeds the population, else {}."""
    if sample <= population:
        return {}
    return {
        "sample": f"must be at most the population of {population} (got {sample}): "
        "lower it, or raise population"
    }
