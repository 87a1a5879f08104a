"""The front of a run and the growth of its hypervolume, one candidate at a time.

The reference point is fixed once, when the tenth candidate that counts has arrived: 1.1
times the worst value of each objective so far, feasible or not (0.9 times the worst one
where higher is better; 1 off where the worst is 0). Until then it follows what has
arrived and the curve is computed anew, so a run of fewer than ten ends with the reference
of its last candidate.

The hypervolume is given in units of the box that the reference spans with zero. For costs
that cannot be negative, as error, params and latency are, it is therefore the share of
everything between 0 and the reference that the front dominates: 0 at worst, below 1, never
falling, and comparable within the run. Only feasible candidates add to it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .orientation import oriented, signs, violation
from .volume import GrowingFront

if TYPE_CHECKING:
    from ..core.objective import Constraint, Goal

FIXED_AFTER = 10
MARGIN = 0.1
VERSION = 1


@dataclass(frozen=True)
class Step:
    """What one candidate changed.

    `joined`: it came onto the front. `point` is the new point of the curve, None where
    the hypervolume stayed as it was. `redrawn`: the reference moved, so the whole curve is
    another one.
    """

    joined: bool
    point: dict[str, Any] | None
    redrawn: bool


@dataclass(frozen=True)
class Arrival:
    """A candidate that counts: when it was told, its number, point (m) and violation."""

    told: int
    number: int
    point: np.ndarray
    violation: float

    def to_json(self) -> list[Any]:
        broken = self.violation if math.isfinite(self.violation) else None
        return [self.told, self.number, self.point.tolist(), broken]

    @classmethod
    def from_json(cls, value: list[Any]) -> Arrival:
        told, number, point, broken = value
        return cls(told, number, np.array(point), math.inf if broken is None else broken)


class RunFront:
    """Fed with (number, values, state) in the order of telling.

    `front` holds the numbers on the front, rising: feasible candidates that no feasible
    one dominates, or the least violating ones where nobody is feasible. `hypervolume` is
    the value after the last candidate. `curve` is the hypervolume over the run as a
    staircase: {"told", "number", "hypervolume"} at the first candidate that counts and
    wherever it grew; between two points it is that of the earlier one. `reference` is in
    the objectives' own units and directions.
    """

    def __init__(self, goals: Sequence[Goal], constraints: Sequence[Constraint] = ()):
        self.goals = tuple(goals)
        self.constraints = tuple(constraints)
        self.told = 0
        self.curve: list[dict[str, Any]] = []
        self.fixed = False
        self._early: list[Arrival] = []
        self._grown: GrowingFront | None = None
        self._least: tuple[float, list[int]] = (math.inf, [])

    @classmethod
    def from_history(
        cls,
        goals: Sequence[Goal],
        constraints: Sequence[Constraint],
        history: Iterable[tuple[int, Mapping[str, float], str]],
    ) -> RunFront:
        """The same as adding every (number, values, state) in turn."""
        front = cls(goals, constraints)
        for number, values, state in history:
            front.add(number, values, state)
        return front

    @property
    def front(self) -> list[int]:
        feasible = self._grown.members if self._grown is not None else []
        return sorted(feasible or self._least[1])

    @property
    def hypervolume(self) -> float:
        return self.curve[-1]["hypervolume"] if self.curve else 0.0

    @property
    def reference(self) -> list[float] | None:
        """One number an objective; None before the first candidate that counts."""
        if self._grown is None:
            return None
        return [float(value) for value in self._grown.reference * signs(self.goals)]

    def add(self, number: int, values: Mapping[str, float], state: str = "done") -> Step:
        """Takes the next told candidate; only a done one with all its values counts."""
        self.told += 1
        point = oriented([values], self.goals)[0]
        if state != "done" or not np.isfinite(point).all():
            return Step(False, None, False)
        arrival = Arrival(self.told, number, point, violation(values, self.constraints))
        if self.fixed and self._grown is not None:
            before = len(self.curve)
            joined = self._take(self._grown, arrival)
            return Step(joined, dict(self.curve[-1]) if len(self.curve) > before else None, False)
        self._early.append(arrival)
        joined = self._draw()
        self.fixed = len(self._early) >= FIXED_AFTER
        return Step(joined, dict(self.curve[-1]), True)

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on, as JSON; its size follows the front, not the run."""
        grown = self._grown
        return {
            "version": VERSION,
            "told": self.told,
            "fixed": self.fixed,
            "early": [] if self.fixed else [arrival.to_json() for arrival in self._early],
            "reference": None if grown is None else grown.reference.tolist(),
            "members": [] if grown is None else grown.members,
            "points": [] if grown is None else grown.points.tolist(),
            "volume": 0.0 if grown is None else grown.hypervolume,
            "least": None if not self._least[1] else [self._least[0], list(self._least[1])],
            "curve": [dict(point) for point in self.curve],
        }

    @classmethod
    def from_state(
        cls,
        goals: Sequence[Goal],
        constraints: Sequence[Constraint],
        state: Mapping[str, Any],
    ) -> RunFront:
        """A front that goes on where the saved one was."""
        front = cls(goals, constraints)
        front.told, front.fixed = state["told"], state["fixed"]
        front.curve = [dict(point) for point in state["curve"]]
        front._early = [Arrival.from_json(value) for value in state["early"]]
        if state["least"] is not None:
            front._least = (state["least"][0], list(state["least"][1]))
        if state["reference"] is not None:
            front._grown = GrowingFront(np.array(state["reference"]))
            for key, point in zip(state["members"], state["points"], strict=True):
                front._grown.add(np.array(point), key)
            # Not the sum of this other order: the curve goes on to the last bit as it was.
            front._grown.hypervolume = state["volume"]
        return front

    def _draw(self) -> bool:
        """Replays the early ones up to the reference of now; whether the last one joined."""
        worst = np.max([arrival.point for arrival in self._early], axis=0)
        margin = np.where(worst == 0, 1.0, MARGIN * np.abs(worst))
        grown = self._grown = GrowingFront(worst + margin)
        self._least = (math.inf, [])
        self.curve = []
        joined = [self._take(grown, arrival) for arrival in self._early]
        return joined[-1]

    def _take(self, grown: GrowingFront, arrival: Arrival) -> bool:
        """Puts one on the front and the curve, under the reference of now."""
        if not arrival.violation:
            joined, _ = grown.add(arrival.point, arrival.number)
        else:
            joined = not grown.members and self._take_infeasible(arrival)
        share = grown.hypervolume / float(np.prod(np.abs(grown.reference)))
        if not self.curve or share > self.hypervolume:
            self.curve.append(
                {"told": arrival.told, "number": arrival.number, "hypervolume": share}
            )
        return joined

    def _take_infeasible(self, arrival: Arrival) -> bool:
        least, numbers = self._least
        broken = arrival.violation
        if not math.isfinite(broken) or broken > least:
            return False
        self._least = (broken, [*numbers, arrival.number] if broken == least else [arrival.number])
        return True
