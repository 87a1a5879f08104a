"""Learning rate of a step: a plain function, so that a curve can be drawn without torch."""

from __future__ import annotations

import math

from .config import Settled


def learning_rate(config: Settled, step: int, steps_per_epoch: int) -> float:
    """The rate of step 0, 1, ... of a training.

    The warm-up rises in equal parts and reaches the peak with its last step. The rest
    follows the schedule: cosine (1608.03983) and linear fall from the peak towards
    `final_learning_rate`, which the step after the last would have; `step` multiplies by
    `step_factor` every `step_epochs` epochs, counted from the start.
    """
    peak = config.learning_rate
    warm = round(config.warm_up * steps_per_epoch)
    if step < warm:
        return peak * (step + 1) / warm
    total = config.epochs * steps_per_epoch
    progress = (step - warm) / max(total - warm, 1)
    span = peak - config.final_learning_rate
    if config.schedule == "cosine":
        return config.final_learning_rate + span * (1 + math.cos(math.pi * progress)) / 2
    if config.schedule == "linear":
        return config.final_learning_rate + span * (1 - progress)
    if config.schedule == "step":
        return peak * config.step_factor ** (step // steps_per_epoch // config.step_epochs)
    return peak
