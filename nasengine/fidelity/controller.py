"""EpochController: the trials of one search, what goes on next and what has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..core.errors import EngineError
from ..core.objective import Constraint, Goal
from ..core.outcome import Outcome
from ..core.search_spec import SearchSpec
from .asha import Asha
from .extrapolation import Extrapolation
from .halving import Halving
from .median import Median
from .schedule import Schedule
from .settings import ScheduleSettings
from .trial import Trial

VERSION = 1
SCHEDULES: dict[str, type[Schedule]] = {
    "asha": Asha,
    "curves": Extrapolation,
    "halving": Halving,
    "median": Median,
}


@dataclass(frozen=True)
class Ending:
    """The effect of the end of one part.

    Attributes:
        told: The outcome that the strategy is to be told now; None if nothing.
        ended: The final outcome of the candidate; None if its training may go on.
    """

    told: Outcome | None = None
    ended: Outcome | None = None


class EpochController:
    """Hands out the parts of trainings and decides over each one that has ended.

    The search calls `propose` for every new candidate, `take` with the outcome of every part, in
    an order that does not depend on chance if it is to be repeatable, and `next_part` before it
    asks its strategy. The strategy is told each candidate once. Everything follows from these
    calls; `state_dict` is small JSON.

    How many parts there are and what a strategy learns:

    - halving, asha: the values after the first part, so it compares equal numbers of epochs;
    - median: the final values, or those at the stop;
    - curves: the final values, or those predicted at the stop.

    Best and front count only candidates that were trained to their end.
    """

    def __init__(self, schedule: Schedule):
        self._schedule = schedule
        self.trials: dict[int, Trial] = {}
        self._ready: list[int] = []  # trials that go on now, in the order of the decisions
        self._arrived = 0

    def propose(self, number: int) -> int:
        """Add a candidate; return up to which epoch its first part is trained."""
        until = self._schedule.settings.first_epochs
        self.trials[number] = Trial(number, until)
        return until

    def next_part(self, closing: bool) -> tuple[int, int] | None:
        """Return the number of a candidate whose training goes on now, and up to which epoch.

        Args:
            closing: Whether the search proposes no more candidates.
        """
        if self._ready:
            number = self._ready.pop(0)
            return number, self.trials[number].until
        trial = self._schedule.promoted(self._ordered, closing)
        if trial is None:
            return None
        trial.go_on(self._schedule.next_until(trial))
        return trial.number, trial.until

    def take(self, outcome: Outcome) -> Ending:
        """Record the end of a part.

        Raises:
            EngineError: no part of this candidate is running.
        """
        trial = self.trials.get(outcome.number)
        if trial is None or trial.status != "running":
            raise EngineError(f"no part of candidate {outcome.number} is running")
        trial.take(outcome)
        if trial.arrived < 0:
            trial.arrived, self._arrived = self._arrived, self._arrived + 1
        if outcome.state != "paused":
            ended = trial.with_predictions(outcome)
            return Ending(self._tell(trial, outcome), ended)
        if self._schedule.waits:
            return Ending(self._tell(trial, replace(outcome, state="done")))
        reason = self._schedule.decide(trial, self._ordered)
        if not reason:
            trial.go_on(self._schedule.next_until(trial))
            self._ready.append(trial.number)
            return Ending()
        stopped = trial.stop(reason)
        told = replace(self._schedule.told(trial, stopped), state="done", reason="")
        return Ending(self._tell(trial, told), stopped)

    def given_up(self, closing: bool) -> list[Outcome]:
        """End the paused candidates that never go on; return their outcomes by number."""
        lost = self._schedule.given_up(self._ordered, closing)
        return [trial.stop(reason) for trial, reason in sorted(lost, key=lambda p: p[0].number)]

    def stop_all(self, reason: str) -> list[Outcome]:
        """End every paused candidate, because the search ends; return their outcomes by number."""
        self._ready.clear()
        waiting = [t for t in self._ordered if t.last is not None and t.last.state == "paused"]
        return [trial.stop(reason) for trial in waiting if trial.status != "ended"]

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to continue, as JSON."""
        return {
            "version": VERSION,
            "trials": [trial.to_json() for trial in self._ordered],
            "ready": list(self._ready),
            "arrived": self._arrived,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned.

        Raises:
            EngineError: this release cannot read the version.
        """
        if state.get("version") != VERSION:
            raise EngineError(f"the state of the trainings has version {state.get('version')!r}")
        trials = [Trial.from_json(value) for value in state["trials"]]
        self.trials = {trial.number: trial for trial in trials}
        self._ready, self._arrived = list(state["ready"]), state["arrived"]

    @property
    def _ordered(self) -> list[Trial]:
        return list(self.trials.values())

    def _tell(self, trial: Trial, outcome: Outcome) -> Outcome | None:
        """Return the outcome if the strategy has none of this candidate yet."""
        if trial.told:
            return None
        trial.told = True
        return outcome


def controller_for(
    spec: SearchSpec, goals: Sequence[Goal], constraints: Sequence[Constraint]
) -> EpochController | None:
    """Return the controller of a search; None if every candidate is trained to its end."""
    if spec.fewer_epochs == "off":
        return None
    schedule = SCHEDULES[spec.fewer_epochs]
    return EpochController(schedule(ScheduleSettings.of(spec), goals, constraints))
