"""Schedule: the interface of the methods that decide which trainings go on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from ..core.objective import Constraint, Goal
from ..core.outcome import Outcome
from ..pareto.orientation import oriented, violation
from ..pareto.selection import rank_and_crowding
from .settings import ScheduleSettings
from .trial import Trial


class Schedule(ABC):
    """Decides over the paused trials of one search.

    A schedule keeps no state of its own: every decision follows from the trials, which are in the
    order in which their first parts were proposed.

    Attributes:
        waits: Whether a paused trial may wait for a later decision. The strategy then learns the
            values at the first pause; otherwise it learns those at the end.
    """

    waits: ClassVar[bool]

    def __init__(
        self,
        settings: ScheduleSettings,
        goals: Sequence[Goal],
        constraints: Sequence[Constraint],
    ):
        self.settings = settings
        self.goals = goals
        self.constraints = constraints

    @abstractmethod
    def decide(self, trial: Trial, trials: Sequence[Trial]) -> str | None:
        """Decide over a trial that has just paused.

        Returns:
            Why it is stopped; "" if it goes on now (`next_until` says how far); None if it waits.
        """

    def next_until(self, trial: Trial) -> int:
        """Return up to which epoch a trial that goes on is trained."""
        return self.settings.next_rung(trial.training.reached)

    def promoted(self, trials: Sequence[Trial], closing: bool) -> Trial | None:
        """Return a waiting trial that goes on now, None if there is none.

        Args:
            trials: All trials of the search.
            closing: Whether the search proposes no more candidates.
        """
        return None

    def given_up(self, trials: Sequence[Trial], closing: bool) -> list[tuple[Trial, str]]:
        """Return the waiting trials that will never go on, each with the reason."""
        return []

    def told(self, trial: Trial, outcome: Outcome) -> Outcome:
        """Return what a strategy learns instead of the outcome of a stopped trial."""
        return outcome

    def best_first(self, trials: Sequence[Trial], reached: int) -> list[Trial]:
        """Return trials by their values after `reached` epochs, the best first.

        The order is that of NSGA-II: non-dominated rank, then crowding distance; a trial that
        violates a constraint comes after those that violate none.
        """
        values = [trial.rungs[reached] for trial in trials]
        points = oriented(values, self.goals)
        broken = np.array([violation(v, self.constraints) for v in values])
        if len(self.goals) == 1:
            order = np.lexsort((points[:, 0], broken))  # stable: ties go to the earlier trial
        else:
            rank, distance = rank_and_crowding(points, broken)
            order = np.lexsort((np.arange(len(rank)), -distance, rank))
        return [trials[row] for row in order]
