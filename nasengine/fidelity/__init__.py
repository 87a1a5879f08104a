"""Fewer epochs: trainings in parts, and schedules that decide which of them go on.

`EpochController` is what a search uses; the schedules are in `halving`, `asha`, `median` and
`extrapolation`.
"""

from .controller import Ending, EpochController, controller_for

__all__ = ["Ending", "EpochController", "controller_for"]
