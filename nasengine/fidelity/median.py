"""Median stopping (Golovin et al., Google Vizier, KDD 2017), with several objectives."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

from .costs import costs_no_more, sign_of_curve
from .schedule import Schedule
from .trial import Trial


class Median(Schedule):
    """Stops a trial whose best value so far is worse than the median of the others' means.

    The mean of another trial is that of its values up to the same epoch. With several objectives
    a trial is compared only with those that cost no more in every other objective, so that a small
    network is not stopped because large ones are better. Nothing is stopped before there are
    `min_curves` trials to compare with.
    """

    waits = False

    def decide(self, trial: Trial, trials: Sequence[Trial]) -> str | None:
        training = trial.training
        sign = sign_of_curve(training.objective, self.goals)
        means = [
            sign * fmean(other.training.curve[: training.reached])
            for other in trials
            if other.number != trial.number
            and other.rungs
            and len(other.training.curve) >= len(training.curve)
            and other.training.planned == training.planned
            and costs_no_more(other, trial, training.objective, self.goals)
        ]
        if len(means) < self.settings.min_curves:
            return ""
        best = min(sign * value for value in training.curve)
        if best <= median(means):
            return ""
        return (
            f"{training.objective} {sign * best:.4g} is worse than {sign * median(means):.4g}, the "
            f"median of {len(means)} others after {training.reached} epochs"
        )
