"""Objective `throughput`: inputs per second of repeated forward passes on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.measurement import Measurement
from ..core.objective import Objective
from .common.device_files import costed_device
from .device_costs.modelled import modelled
from .device_costs.samples import median_of
from .latency.machine_lock import exclusive
from .latency.objective import conditions
from .latency.timing import time_network

if TYPE_CHECKING:
    import torch


class Throughput(Objective):
    """Inputs per second: batch over the time of a pass, median of the same passes as `latency`."""

    kind = "throughput"
    unit = "inputs/s"
    better = "higher"
    cheap = True
    on_device = True
    help = "Inputs per second on a device, such as throughput@cpu."

    def measure(
        self,
        network: torch.nn.Module,
        input_shape: tuple[int, ...],
        device: str | None,
    ) -> Measurement:
        chosen = costed_device(self.kind, device)
        if chosen.method == "modelled":
            return modelled(self.kind, chosen, network, input_shape)
        with exclusive():
            timing = time_network(network, input_shape, chosen)
        samples = [1000 * chosen.batch / latency_ms for latency_ms in timing.milliseconds]
        return median_of(self, chosen, samples, conditions(chosen))
