"""Early termination by curve extrapolation (Baker et al., 1705.10823), also for a front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from ..core.outcome import Outcome
from ..curves import MODELS, CurveExtrapolation, Prediction
from .costs import bar_of, costs_of, sign_of_curve
from .schedule import Schedule
from .trial import Trial

REFIT_GROWTH = 1.25  # models are fitted again when there are so many times more curves
Rows = tuple[tuple[float, ...], ...]


class Extrapolation(Schedule):
    """Stops a trial whose chance to matter is below `min_chance`.

    The first `min_curves` trials are trained to their end. Models fitted to all finished curves
    then predict the last value of a paused one. Its chance is the probability that this is better
    than the best finished trial that costs no more: with one objective to be the best, with
    several to enter the front, whose costs are known exactly. A strategy learns the predicted
    value of a stopped trial.
    """

    waits = False

    def decide(self, trial: Trial, trials: Sequence[Trial]) -> str | None:
        prediction = self._prediction(trial, trials)
        if prediction is None:
            return ""
        training = trial.training
        sign = sign_of_curve(training.objective, self.goals)
        chance = prediction.chance_below(bar_of(trial, trials, self.goals, self.constraints))
        trial.predictions.append(
            {
                "epoch": training.reached,
                "value": sign * prediction.value,
                "deviation": prediction.deviation,
                "chance": chance,
            }
        )
        if chance >= self.settings.min_chance:
            return ""
        aim = "enter the front" if len(self.goals) > 1 else "be the best"
        return (
            f"predicted {training.objective} {sign * prediction.value:.4g} ± "
            f"{prediction.deviation:.2g} after {training.reached} of {training.planned} epochs: "
            f"chance to {aim} {chance:.1%}"
        )

    def next_until(self, trial: Trial) -> int:
        """Without enough curves a prediction is impossible, so the trial is trained to its end."""
        return super().next_until(trial) if trial.predictions else trial.training.planned

    def told(self, trial: Trial, outcome: Outcome) -> Outcome:
        training, prediction = trial.training, trial.predictions[-1]
        detail = {"predicted_after_epochs": prediction["epoch"], "planned": training.planned}
        measurements = tuple(
            replace(
                measurement,
                value=prediction["value"],
                method="modelled",
                spread=None,
                detail={**measurement.detail, **detail},
            )
            if measurement.objective == training.objective
            else measurement
            for measurement in outcome.measurements
        )
        return replace(outcome, measurements=measurements)

    def _prediction(self, trial: Trial, trials: Sequence[Trial]) -> Prediction | None:
        training = trial.training
        examples = [
            other
            for other in trials
            if other.last is not None
            and other.last.state == "done"
            and other.last.training is not None
            and other.training.planned == training.planned
            and len(other.training.curve) > len(training.curve)
        ]
        count = _fitted_count(len(examples), self.settings.min_curves)
        if not count:
            return None
        sign = sign_of_curve(training.objective, self.goals)
        rows = sorted(examples, key=lambda other: other.arrived)[:count]
        model = _model(
            tuple(self._curve(other, sign) for other in rows),
            tuple(self._facts(other) for other in rows),
            self.settings.curve_model,
            self.settings.seed,
        )
        return model.predict(np.array([self._curve(trial, sign)]), np.array([self._facts(trial)]))[
            0
        ]

    def _curve(self, trial: Trial, sign: float) -> tuple[float, ...]:
        return tuple(sign * value for value in trial.training.curve)

    def _facts(self, trial: Trial) -> tuple[float, ...]:
        return tuple(costs_of(trial, trial.training.objective, self.goals).tolist())


def _fitted_count(available: int, least: int) -> int:
    """Return to how many of the available curves models are fitted; 0 if there are too few."""
    if available < least:
        return 0
    count = least
    while (larger := max(int(count * REFIT_GROWTH), count + 1)) <= available:
        count = larger
    return count


@lru_cache(maxsize=16)
def _model(curves: Rows, facts: Rows, name: str, seed: int) -> CurveExtrapolation:
    """Return the models of these curves; a restored search finds them in the cache."""
    shortest = min(map(len, curves))
    complete = np.array([(*curve[: shortest - 1], curve[-1]) for curve in curves])
    return CurveExtrapolation(complete, np.array(facts), MODELS[name], seed)
