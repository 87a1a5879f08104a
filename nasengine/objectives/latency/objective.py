"""Objective `latency`: milliseconds of one forward pass, measured on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.measurement import Measurement
from ...core.objective import Objective
from ..common.device_files import DeviceFile, measured_device
from .machine_lock import alone
from .processor import cpu_clock_mhz, cpu_name
from .timing import time_network

if TYPE_CHECKING:
    import torch


class Latency(Objective):
    """Median of at least 30 repetitions after a warm-up; spread is half the interquartile range.

    What the trained weights are makes no difference, so a fresh network will do. Two
    processes of one machine never time at once.
    """

    kind = "latency"
    unit = "ms"
    cheap = True
    on_device = True
    help = "Time of one forward pass on a device, as in latency@cpu: median of many, with spread."

    def measure(
        self,
        network: torch.nn.Module,
        input_shape: tuple[int, ...],
        device: str | None,
    ) -> Measurement:
        """Raises EngineError: no device, one that only tables know, or one not in this machine."""
        found = measured_device(self.kind, device)
        with alone():
            timing = time_network(network, input_shape, found)
        return Measurement(
            f"{self.kind}@{found.name}",
            timing.median,
            self.unit,
            device=found.name,
            repetitions=len(timing.milliseconds),
            spread=timing.spread,
            detail={
                "batch": found.batch,
                "dtype": found.dtype,
                "threads": found.threads,
                "memory_format": found.memory_format,
                "warm_up": found.warm_up,
                "min": min(timing.milliseconds),
                "max": max(timing.milliseconds),
                **_hardware(found),
            },
        )


def _hardware(device: DeviceFile) -> dict[str, Any]:
    """What the numbers depend on beside the network."""
    import torch

    name = cpu_name()
    if device.runs_on == "cuda":
        name = torch.cuda.get_device_name()
    return {"hardware": name, "clock_mhz": cpu_clock_mhz(), "torch": torch.__version__}
