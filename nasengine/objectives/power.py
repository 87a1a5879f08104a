"""Objective `power`: mean watts of a device that repeats the forward pass."""

from __future__ import annotations

from ..metering.energy.source import Window
from .device_costs.energy_windows import WindowObjective


class Power(WindowObjective):
    """Mean power while the pass repeats, idle power included; measured as `energy` is."""

    kind = "power"
    unit = "W"
    help = "Mean power of a device that repeats the pass, such as power@cuda."

    def of_window(self, window: Window, inputs: int) -> float:
        return window.watts
