"""Objective `latency`: milliseconds of one forward pass on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.measurement import Measurement
from ...core.objective import Objective
from ...metering.summary import summarize
from ..common.device_files import DeviceFile, costed_device
from ..device_costs.modelled import modelled
from .machine_lock import exclusive
from .processor import cpu_clock_mhz, cpu_name
from .timing import Timing, time_network

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
        chosen = costed_device(self.kind, device)
        if chosen.method == "modelled":
            return modelled(self.kind, chosen, network, input_shape)
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
                **timing_detail(timing, chosen),
                "min": min(timing.milliseconds),
                "max": max(timing.milliseconds),
            },
        )


def timing_detail(timing: Timing, device: DeviceFile) -> dict[str, Any]:
    """Return the conditions of a timing and the 95 % interval of its median in ms."""
    summary = summarize(timing.milliseconds)
    return {**conditions(device), "low": summary.low, "high": summary.high}


def conditions(device: DeviceFile) -> dict[str, Any]:
    """Return the conditions under which a device file has networks run."""
    return {
        "batch": device.batch,
        "dtype": device.dtype,
        "threads": device.threads,
        "memory_format": device.memory_format,
        "warm_up": device.warm_up,
        **_hardware(device),
    }


def _hardware(device: DeviceFile) -> dict[str, Any]:
    """Return the hardware and library versions that the timing depends on."""
    import torch

    name = cpu_name()
    if device.runs_on == "cuda":
        name = torch.cuda.get_device_name()
    return {"hardware": name, "clock_mhz": cpu_clock_mhz(), "torch": torch.__version__}
