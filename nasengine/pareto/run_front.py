"""The front of a run and the growth of its hypervolume, one candidate at a time.

The reference point is fixed when the tenth eligible candidate has arrived: 1.1 times the worst
value of each objective so far, feasible or not (0.9 times the worst value if higher is better;
1 beyond the worst if that is 0). Until then it follows the candidates that have arrived, and
the curve is recomputed each time; so a run with fewer than ten ends with the reference of its
last candidate.

The hypervolume is given as a share of the box between zero and the reference. For costs that
cannot be negative, such as error, params and latency, it is therefore the share of all points
below the reference that the front dominates: 0 at worst, below 1, never falling, and
comparable within the run. Only feasible candidates add to it.

Every finite value is accepted, the largest and the smallest doubles too: nothing here overflows,
divides by zero or leaves a number that JSON cannot hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .orientation import oriented, signs, violation
from .volume import GrowingFront, reference_point

if TYPE_CHECKING:
    from ..core.objective import Constraint, Goal

FIXED_AFTER = 10
VERSION = 2


@dataclass(frozen=True)
class Step:
    """The effect of one candidate on the front.

    `joined`: the candidate joined the front. `point`: the new point of the curve, None if the
    hypervolume did not change. `redrawn`: the reference moved, so the whole curve changed.
    """

    joined: bool
    point: dict[str, Any] | None
    redrawn: bool


@dataclass(frozen=True)
class Arrival:
    """An eligible candidate: its position among all recorded ones, number, point, violation."""

    position: int
    number: int
    point: np.ndarray
    violation: float

    def to_json(self) -> list[Any]:
        excess = self.violation if math.isfinite(self.violation) else None
        return [self.position, self.number, self.point.tolist(), excess]

    @classmethod
    def from_json(cls, value: list[Any]) -> Arrival:
        position, number, point, excess = value
        return cls(position, number, _row(point), math.inf if excess is None else excess)


class RunFront:
    """The front of one run, updated with (number, values, state) of each ended candidate.

    Attributes:
        recorded: candidates added so far, eligible or not.
        fixed: whether the reference point is fixed.
        curve: the hypervolume over the run as a staircase of {"told", "number",
            "hypervolume"}: a point at the first eligible candidate and wherever it grew;
            between two points it is that of the earlier one. "told" is the number of
            candidates recorded by then.
    """

    def __init__(self, goals: Sequence[Goal], constraints: Sequence[Constraint] = ()):
        self.goals = tuple(goals)
        self.constraints = tuple(constraints)
        self.recorded = 0
        self.curve: list[dict[str, Any]] = []
        self.fixed = False
        self._early: list[Arrival] = []  # until the reference is fixed
        self._feasible: GrowingFront | None = None
        # The smallest violation so far and its candidates: the front until one is feasible.
        self._least_violating: tuple[float, list[int]] = (math.inf, [])

    @classmethod
    def from_history(
        cls,
        goals: Sequence[Goal],
        constraints: Sequence[Constraint],
        history: Iterable[tuple[int, Mapping[str, float], str]],
    ) -> RunFront:
        """Return the front after adding every (number, values, state) in turn."""
        front = cls(goals, constraints)
        for number, values, state in history:
            front.add(number, values, state)
        return front

    @property
    def front(self) -> list[int]:
        """Numbers on the front, ascending: the feasible candidates that no feasible one
        dominates, or those with the smallest violation if none is feasible."""
        feasible = self._feasible.members if self._feasible is not None else []
        return sorted(feasible or self._least_violating[1])

    @property
    def hypervolume(self) -> float:
        """The hypervolume after the last candidate, as a share of the reference box."""
        return self.curve[-1]["hypervolume"] if self.curve else 0.0

    @property
    def reference(self) -> list[float] | None:
        """One number per objective, in its own unit and direction; None before the first
        eligible candidate."""
        if self._feasible is None:
            return None
        return [float(value) for value in self._feasible.reference * signs(self.goals)]

    def add(self, number: int, values: Mapping[str, float], state: str = "done") -> Step:
        """Record the next ended candidate and return its effect.

        Only a candidate that is done and has a finite value for every objective is eligible.
        """
        self.recorded += 1
        point = oriented([values], self.goals)[0]
        if state != "done" or not np.isfinite(point).all():
            return Step(False, None, False)
        arrival = Arrival(self.recorded, number, point, violation(values, self.constraints))
        if self.fixed and self._feasible is not None:
            before = len(self.curve)
            joined = self._take(self._feasible, arrival)
            return Step(joined, dict(self.curve[-1]) if len(self.curve) > before else None, False)
        self._early.append(arrival)
        joined = self._replay()
        self.fixed = len(self._early) >= FIXED_AFTER
        return Step(joined, dict(self.curve[-1]), True)

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to continue, as JSON; its size depends on the front, not
        on the length of the run."""
        feasible = self._feasible
        smallest, numbers = self._least_violating
        return {
            "version": VERSION,
            "told": self.recorded,
            "fixed": self.fixed,
            "early": [] if self.fixed else [arrival.to_json() for arrival in self._early],
            "reference": None if feasible is None else feasible.reference.tolist(),
            "members": [] if feasible is None else feasible.members,
            "points": [] if feasible is None else feasible.points.tolist(),
            "scaled_volume": 0.0 if feasible is None else feasible.scaled_volume,
            "least": [smallest, list(numbers)] if numbers else None,
            "curve": [dict(point) for point in self.curve],
        }

    @classmethod
    def from_state(
        cls,
        goals: Sequence[Goal],
        constraints: Sequence[Constraint],
        state: Mapping[str, Any],
    ) -> RunFront:
        """Return the front that `state_dict` saved; it continues exactly as that one would."""
        front = cls(goals, constraints)
        front.recorded, front.fixed = state["told"], state["fixed"]
        front.curve = [dict(point) for point in state["curve"]]
        front._early = [Arrival.from_json(value) for value in state["early"]]
        if state["least"] is not None:
            front._least_violating = (state["least"][0], list(state["least"][1]))
        if state["reference"] is not None:
            front._feasible = GrowingFront(_row(state["reference"]))
            for key, point in zip(state["members"], state["points"], strict=True):
                front._feasible.add(_row(point), key)
            # Adding only the members sums the volume in another order; the saved sum keeps
            # the curve the same to the last bit.
            if state.get("version", 1) > 1:
                front._feasible.scaled_volume = float(state["scaled_volume"])
            else:
                front._feasible.hypervolume = float(state["volume"])
        return front

    def _replay(self) -> bool:
        """Add the early candidates again under a new reference; return whether the last joined."""
        reference = reference_point(np.array([arrival.point for arrival in self._early]))
        feasible = self._feasible = GrowingFront(reference)
        self._least_violating = (math.inf, [])
        self.curve = []
        joined = [self._take(feasible, arrival) for arrival in self._early]
        return joined[-1]

    def _take(self, feasible: GrowingFront, arrival: Arrival) -> bool:
        """Add a candidate to the front and the curve; return whether it joined the front."""
        if not arrival.violation:
            joined, _ = feasible.add(arrival.point, arrival.number)
        else:
            joined = not feasible.members and self._take_infeasible(arrival)
        if not self.curve or feasible.share > self.hypervolume:
            self.curve.append(
                {"told": arrival.position, "number": arrival.number, "hypervolume": feasible.share}
            )
        return joined

    def _take_infeasible(self, arrival: Arrival) -> bool:
        smallest, numbers = self._least_violating
        excess = arrival.violation
        if not math.isfinite(excess) or excess > smallest:
            return False
        equals = numbers if excess == smallest else []
        self._least_violating = (excess, [*equals, arrival.number])
        return True


def _row(point: Sequence[float]) -> np.ndarray:
    """Return a point of a saved state; the database returns large whole numbers as int."""
    return np.array([float(value) for value in point])
