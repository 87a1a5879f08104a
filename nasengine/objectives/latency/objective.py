"""Objective `latency`: milliseconds of one forward pass on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.measurement import Measurement
from ...core.objective import Objective
from ..common.device_files import DeviceFile, measured_device
from .machine_lock import exclusive
from .processor import cpu_clock_mhz, cpu_name
from .timing import time_network

if TYPE_CHECKING:
    import torch


class Latency(Objective):
    """Median of at least 30 repetitions after a warm-up; spread is half the interquartile range.

    Latency does not depend on the weights, so untrained networks are measured. Only one timing
    runs per machine at a time.
    """

    kind = "latency"
    unit = "ms"
    cheap = True
    on_device = True
    help = "Median time of one forward pass on a device, such as latency@cpu."

    def measure(
        self,
        network: torch.nn.Module,
        input_shape: tuple[int, ...],
        device: str | None,
    ) -> Measurement:
        """Measure the latency.

        Raises:
            EngineError: no device is named, or it is tabular or absent from this machine.
        """
        chosen = measured_device(self.kind, device)
        with exclusive():
            timing = time_network(network, input_shape, chosen)
        return Measurement(
            f"{self.kind}@{chosen.name}",
            timing.median,
            self.unit,
            device=chosen.name,
            repetitions=len(timing.milliseconds),
            spread=timing.spread,
            detail={
                "batch": chosen.batch,
                "dtype": chosen.dtype,
                "threads": chosen.threads,
                "memory_format": chosen.memory_format,
                "warm_up": chosen.warm_up,
                "min": min(timing.milliseconds),
                "max": max(timing.milliseconds),
                **_hardware(chosen),
            },
        )


def _hardware(device: DeviceFile) -> dict[str, Any]:
    """Return the hardware and library versions that the timing depends on."""
    import torch

    name = cpu_name()
    if device.runs_on == "cuda":
        name = torch.cuda.get_device_name()
    return {"hardware": name, "clock_mhz": cpu_clock_mhz(), "torch": torch.__version__}
