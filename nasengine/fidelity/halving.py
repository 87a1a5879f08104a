"""Successive halving (Karnin et al. 2013; Jamieson and Talwalkar, 1502.07943) in brackets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .schedule import Schedule
from .trial import Trial


class Halving(Schedule):
    """Trials form brackets; when all of a bracket have paused, its best 1/reduction go on.

    A bracket holds reduction^k trials if a training pauses k times, so that one is trained to its
    end. The last bracket of a search may be smaller; at least one of it goes on. With several
    objectives "best" is the order of NSGA-II. Only trials of equally many planned epochs share a
    bracket.
    """

    waits = True

    def decide(self, trial: Trial, trials: Sequence[Trial]) -> str | None:
        return None

    def promoted(self, trials: Sequence[Trial], closing: bool) -> Trial | None:
        for reached, members in self._decided(trials, closing):
            for trial in self._chosen(members, reached):
                if trial.status == "paused":
                    return trial
        return None

    def given_up(self, trials: Sequence[Trial], closing: bool) -> list[tuple[Trial, str]]:
        lost = []
        for reached, members in self._decided(trials, closing):
            chosen = {trial.number for trial in self._chosen(members, reached)}
            reason = (
                f"not in the best 1/{self.settings.reduction} of its bracket after {reached} epochs"
            )
            lost += [
                (trial, reason)
                for trial in members
                if trial.status == "paused" and trial.number not in chosen
            ]
        return lost

    def _decided(self, trials: Sequence[Trial], closing: bool) -> Iterator[tuple[int, list[Trial]]]:
        """Yield (epochs, members) of the rung of each bracket at which all its trials are."""
        groups: dict[int, list[Trial]] = {}
        for trial in sorted(trials, key=lambda trial: trial.arrived):
            if trial.rungs:
                groups.setdefault(trial.training.planned, []).append(trial)
        complete = closing and all(trial.last is not None for trial in trials)
        for planned, arrived in groups.items():
            size = self.settings.reduction ** (self.settings.rungs(planned) - 1)
            for start in range(0, len(arrived), size):
                bracket = arrived[start : start + size]
                if (len(bracket) == size or complete) and (level := _lowest(bracket)):
                    yield level

    def _chosen(self, members: list[Trial], reached: int) -> list[Trial]:
        quota = max(len(members) // self.settings.reduction, 1)
        return self.best_first(members, reached)[:quota]


def _lowest(bracket: list[Trial]) -> tuple[int, list[Trial]] | None:
    """Return the lowest rung with a paused trial; None while a trial is on its way to it."""
    paused = [trial for trial in bracket if trial.status == "paused"]
    if not paused:
        return None
    reached = min(trial.training.reached for trial in paused)
    if any(t.status == "running" and max(t.rungs) < reached for t in bracket):
        return None
    return reached, [trial for trial in bracket if reached in trial.rungs]
