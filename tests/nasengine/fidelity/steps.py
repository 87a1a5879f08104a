"""Trainings whose curves are known, driven through a controller."""

from __future__ import annotations

from nasengine.core.measurement import Measurement
from nasengine.core.objective import Goal
from nasengine.core.outcome import Outcome, TrainingProgress
from nasengine.core.search_spec import SearchSpec
from nasengine.fidelity import EpochController, controller_for

ERROR = Goal("error", "error", None, "lower", "%")
PARAMS = Goal("params", "params", None, "lower", "")


def controller(method, goals=(ERROR,), **settings) -> EpochController:
    made = controller_for(SearchSpec(fewer_epochs=method, **settings), goals, ())
    assert made is not None
    return made


def part(number, curve, until, params=1.0) -> Outcome:
    """Return the end of a part of a training that has this whole curve."""
    reached = min(until, len(curve))
    seen = tuple(curve[:reached])
    measured = (Measurement("error", seen[-1], "%"), Measurement("params", params, ""))
    state = "done" if reached == len(curve) else "paused"
    training = TrainingProgress(reached, len(curve), "error", seen)
    return Outcome(number, state, measured, epochs=reached, training=training)


class Trainings:
    """Trains candidates with known curves one part after the other, as a search does."""

    def __init__(self, made: EpochController, curves, params=None):
        self.made = made
        self.curves = curves
        self.params = params or [1.0] * len(curves)
        self.told: dict[int, Outcome] = {}
        self.ended: dict[int, Outcome] = {}
        self.parts: list[tuple[int, int]] = []

    def run(self) -> Trainings:
        """Train all candidates to their ends."""
        for number in range(len(self.curves)):
            while step := self.made.next_part(closing=False):
                self.train(*step)
            self.train(number, self.made.propose(number))
        while step := self.made.next_part(closing=True):
            self.train(*step)
        for outcome in self.made.given_up(closing=True):
            self.ended[outcome.number] = outcome
        return self

    def train(self, number, until):
        self.parts.append((number, until))
        ending = self.made.take(part(number, self.curves[number], until, self.params[number]))
        if ending.told is not None:
            assert number not in self.told
            self.told[number] = ending.told
        if ending.ended is not None:
            self.ended[number] = ending.ended
        for outcome in self.made.given_up(closing=False):
            self.ended[outcome.number] = outcome

    @property
    def done(self) -> list[int]:
        return sorted(n for n, outcome in self.ended.items() if outcome.state == "done")


def falling(level, epochs=4):
    """Return a curve that ends at a level and shows it from its first epoch on."""
    return [level + 8.0 / (epoch + 1) for epoch in range(epochs)]
