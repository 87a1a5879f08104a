"""ASHA: asynchronous successive halving (Li et al., 1810.05934), with several objectives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .schedule import Schedule
from .trial import Trial


class Asha(Schedule):
    """A trial goes on as soon as it is in the best 1/reduction of all that reached its rung.

    Nothing waits for a group. Higher rungs are looked at first. With several objectives "best" is
    the order of NSGA-II within the rung. Only trials of equally many planned epochs are compared.
    If a search would end without a complete training, the best trial of the highest rung goes on.
    """

    waits = True

    def decide(self, trial: Trial, trials: Sequence[Trial]) -> str | None:
        return None

    def promoted(self, trials: Sequence[Trial], closing: bool) -> Trial | None:
        for reached, members in self._rungs(trials):
            waiting = {t.number for t in members if _waits_at(t, reached)}
            quota = len(members) // self.settings.reduction
            if not waiting:
                continue
            for trial in self.best_first(members, reached)[:quota]:
                if trial.number in waiting:
                    return trial
        return self._finalist(trials) if closing else None

    def given_up(self, trials: Sequence[Trial], closing: bool) -> list[tuple[Trial, str]]:
        is_last = closing and all(trial.status != "running" for trial in trials)
        if not is_last or self.promoted(trials, closing) is not None:
            return []
        one_in = self.settings.reduction
        return [
            (trial, f"not in the best 1/{one_in} after {trial.training.reached} epochs")
            for trial in trials
            if trial.status == "paused"
        ]

    def _finalist(self, trials: Sequence[Trial]) -> Trial | None:
        """Return the trial that goes on so that a small search has a complete training."""
        if any(t.status == "running" or (t.last and t.last.state == "done") for t in trials):
            return None
        for reached, members in self._rungs(trials):
            waiting = [trial for trial in members if _waits_at(trial, reached)]
            if waiting:
                return self.best_first(waiting, reached)[0]
        return None

    def _rungs(self, trials: Sequence[Trial]) -> Iterator[tuple[int, list[Trial]]]:
        """Yield (epochs, trials that have reached them), the longest trained first."""
        rungs: dict[tuple[int, int], list[Trial]] = {}
        for trial in trials:
            for reached in trial.rungs:
                rungs.setdefault((trial.training.planned, reached), []).append(trial)
        for planned, reached in sorted(rungs, key=lambda key: (-key[1], -key[0])):
            if reached < planned:
                yield reached, rungs[planned, reached]


def _waits_at(trial: Trial, reached: int) -> bool:
    return trial.status == "paused" and trial.training.reached == reached
