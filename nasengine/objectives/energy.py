"""Objective `energy`: millijoules of one input on a device."""

from __future__ import annotations

from ..metering.energy.source import Window
from .device_costs.energy_windows import WindowObjective


class Energy(WindowObjective):
    """Energy of one input, idle power included, from a meter, else the device's counter.

    The counters are NVML's on NVIDIA cards, RAPL on x86 processors, and tegrastats on Jetson
    modules. Each of three windows repeats the pass for at least 5 s, because NVIDIA's counter
    steps about every 100 ms. Without meter and counter the energy is modelled.
    """

    kind = "energy"
    unit = "mJ"
    help = "Energy of one input on a device, such as energy@cuda: meter, counter or model."

    def of_window(self, window: Window, inputs: int) -> float:
        return window.millijoules(inputs)
