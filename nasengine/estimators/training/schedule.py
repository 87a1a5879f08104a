"""Learning-rate schedule of one training, without torch."""

from __future__ import annotations

import math

from .config import ResolvedTrainConfig


def learning_rate(config: ResolvedTrainConfig, step: int, steps_per_epoch: int) -> float:
    """Return the learning rate of step 0, 1, ... of a training.

    The warm-up rises linearly and reaches the peak with its last step. Then cosine (1608.03983)
    and linear fall from the peak to `final_learning_rate`, the rate of the step after the last
    one; `step` multiplies by `step_factor` every `step_epochs` epochs after `step_after`, counted
    from the start; `restarts` repeats the cosine, see `restarted_cosine`.
    """
    peak = config.learning_rate
    warm = round(config.warm_up * steps_per_epoch)
    if step < warm:
        return peak * (step + 1) / warm
    total = config.epochs * steps_per_epoch
    progress = (step - warm) / max(total - warm, 1)
    final = config.final_learning_rate
    if config.schedule == "cosine":
        return half_cosine(peak, final, math.pi * progress)
    if config.schedule == "linear":
        return final + (peak - final) * (1 - progress)
    if config.schedule == "step":
        after = max(step // steps_per_epoch - config.step_after, 0)
        return peak * config.step_factor ** (after // config.step_epochs)
    if config.schedule == "restarts":
        first, factor = config.restart_epochs, config.restart_factor
        return restarted_cosine(peak, final, step // steps_per_epoch, first, factor)
    return peak


def restarted_cosine(peak: float, final: float, epoch: int, first: int, factor: int) -> float:
    """Return the rate of epoch 0, 1, ... of a cosine with restarts (SGDR, 1608.03983).

    The rate is constant within an epoch, as in the released code of ENAS.

    Args:
        peak: Rate of the first epoch of each cosine.
        final: Rate that a cosine would reach in the epoch after its last one.
        epoch: Epoch from 0.
        first: Epochs of the first cosine, T0.
        factor: Ratio of the lengths of a cosine and the one before, T_mul.
    """
    length = first
    while epoch >= length:
        epoch -= length
        length *= factor
    return half_cosine(peak, final, math.pi * epoch / length)


def half_cosine(peak: float, final: float, angle: float) -> float:
    """Return the value of a cosine that falls from `peak` at angle 0 to `final` at angle pi."""
    return final + (peak - final) * (1 + math.cos(angle)) / 2
