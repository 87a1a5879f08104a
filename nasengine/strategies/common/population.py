"""The population of an evolution: members, their fitness, and who has to leave."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.architecture import Architecture
from ...core.objective import Constraint, Goal
from ...pareto.orientation import oriented, violation
from ...pareto.selection import standing, survivors


@dataclass(frozen=True)
class Member:
    """A candidate that may become a parent: point (m numbers, lower is better), violation."""

    number: int
    architecture: Architecture
    point: tuple[float, ...]
    violation: float

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "architecture": self.architecture.to_json(),
            "point": list(self.point),
            "violation": self.violation if math.isfinite(self.violation) else None,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Member:
        return cls(
            value["number"],
            Architecture.from_json(value["architecture"]),
            tuple(value["point"]),
            math.inf if value["violation"] is None else value["violation"],
        )


class Population:
    """Members in order of joining, so the oldest stands first. `joined` counts all ever."""

    def __init__(self, goals: Sequence[Goal], constraints: Sequence[Constraint]):
        self._goals = goals
        self._constraints = constraints
        self.members: list[Member] = []
        self.joined = 0
        self._standing: tuple[np.ndarray, np.ndarray] | None = None

    def join(self, number: int, architecture: Architecture, values: Mapping[str, float]) -> bool:
        """Adds a member if it has a finite value for every objective; whether it has."""
        point = tuple(oriented([values], self._goals)[0].tolist())
        if not all(map(math.isfinite, point)):
            return False
        broken = violation(values, self._constraints)
        self._replace([*self.members, Member(number, architecture, point, broken)])
        self.joined += 1
        return True

    def take_in(self, others: Population) -> None:
        """Adds the members of another population behind these."""
        self._replace([*self.members, *others.members])
        self.joined += len(others.members)

    def keep_youngest(self, size: int) -> None:
        self._replace(self.members[-size:])

    def keep_fittest(self, size: int) -> None:
        """NSGA-II's survival; of equals the older one stays."""
        if len(self.members) > size:
            kept = survivors(self._points(), self._violations(), size)
            self._replace([self.members[i] for i in kept])

    def keep_front(self) -> None:
        """Whoever is dominated leaves."""
        self._replace(self.front)

    @property
    def front(self) -> list[Member]:
        """Whom nobody dominates, in order of joining."""
        if not self.members:
            return []
        rank, _ = self._stand()
        return [one for one, level in zip(self.members, rank, strict=True) if not level]

    def keep_front_or(self, size: int) -> None:
        """The front stays whole; where it is smaller, so many of the fittest."""
        if len(self.members) > size:
            front = self.front
            if len(front) >= size:
                self._replace(front)
            else:
                self.keep_fittest(size)

    def drop(self, place: int) -> None:
        """The member at a place leaves."""
        self._replace(self.members[:place] + self.members[place + 1 :])

    def fittest(self, drawn: np.ndarray) -> int:
        """The place, among those drawn, of the best by rank, then by loneliness."""
        rank, distance = self._stand()
        return int(min(drawn, key=lambda place: (rank[place], -distance[place])))

    def best(self, count: int) -> list[Member]:
        """So many members, the fittest first; of equals the older one."""
        rank, distance = self._stand()
        order = np.lexsort((np.arange(len(rank)), -distance, rank))
        return [self.members[place] for place in order[:count]]

    def unfittest(self, drawn: np.ndarray) -> int:
        """The place, among those drawn, of the worst by rank, then the most crowded."""
        rank, distance = self._stand()
        return int(max(drawn, key=lambda place: (rank[place], -distance[place])))

    def state_dict(self) -> dict[str, Any]:
        return {
            "joined": self.joined,
            "members": [member.to_json() for member in self.members],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.joined = state["joined"]
        self._replace([Member.from_json(value) for value in state["members"]])

    def _stand(self) -> tuple[np.ndarray, np.ndarray]:
        if self._standing is None:
            self._standing = standing(self._points(), self._violations())
        return self._standing

    def _replace(self, members: list[Member]) -> None:
        self.members = members
        self._standing = None

    def _points(self) -> np.ndarray:
        return np.array([member.point for member in self.members])

    def _violations(self) -> np.ndarray:
        return np.array([member.violation for member in self.members])
