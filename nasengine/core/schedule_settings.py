"""Settings of learning-rate schedules, for the configs of estimators and of one-shot strategies."""

from __future__ import annotations

from dataclasses import dataclass

from .settings import setting


@dataclass(frozen=True)
class ScheduleSettings:
    """Settings of the schedules restarts and step; configs copy them with `same_as`."""

    restart_epochs: int = setting(
        10, "Epochs of the first cosine, T0 (schedule restarts).", low=1, high=10_000
    )
    restart_factor: int = setting(
        2, "Each cosine is longer than the last by this factor (schedule restarts).", low=1, high=10
    )
    step_after: int = setting(0, "Epochs before the first reduction (schedule step).", low=0)
    step_epochs: int = setting(1, "Epochs between two reductions (schedule step).", low=1)
    step_factor: float = setting(
        0.97, "Factor of each reduction (schedule step).", low=0.0, high=1.0
    )
