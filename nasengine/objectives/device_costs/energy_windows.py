"""Energy of forward passes in windows of several seconds, from a meter or a counter."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from ...core.measurement import Measurement
from ...core.objective import Objective
from ...metering.energy.finding import energy_source
from ...metering.energy.nvml import Nvml
from ...metering.energy.source import (
    EnergySource,
    Window,
    facts_of,
    idle_watts,
    measure_window,
)
from ...metering.shared import SharedSource
from ..common.device_files import DeviceFile, costed_device
from ..latency.machine_lock import exclusive
from ..latency.objective import conditions
from ..latency.timing import forward_pass
from .modelled import ABSENT, modelled
from .samples import median_of

if TYPE_CHECKING:
    import torch

WINDOWS = 3


def source_of(device: DeviceFile) -> tuple[EnergySource | None, str]:
    """Return the energy source of a device of this machine, and why it has none."""
    return _source(str(device.runs_on))


@cache
def card_counter() -> EnergySource | None:
    """Return the energy counter of the card that this process trains on; None without one.

    It counts the share of one piece of work while several use the card.
    """
    source, _ = _source("cuda")
    if source is not None and source.tier == "counter":
        with suppress(Exception):  # a counter that fails must not end a training
            return SharedSource(source)
    return None


@cache
def _source(runs_on: str) -> tuple[EnergySource | None, str]:
    if runs_on != "cuda":
        return energy_source(runs_on)
    import torch

    if not torch.cuda.is_available():
        return None, "this machine has no CUDA device"
    source, reason = energy_source(runs_on)
    if isinstance(source, Nvml):  # the first card of torch may be another one of the machine
        return Nvml(str(torch.cuda.get_device_properties(0).uuid)), ""
    return source, reason


@cache
def _idle_watts(runs_on: str) -> float:
    """Return the power of the device while nothing runs; measured once per process."""
    source, _ = _source(runs_on)
    assert source is not None
    return idle_watts(source)


class WindowObjective(Objective):
    """An objective that is read from windows of repeated passes, else modelled."""

    on_device = True

    @abstractmethod
    def of_window(self, window: Window, inputs: int) -> float:
        """Return the value of one window of passes with so many inputs each."""

    def measure(
        self,
        network: torch.nn.Module,
        input_shape: tuple[int, ...],
        device: str | None,
    ) -> Measurement:
        chosen = costed_device(self.kind, device)
        source, why = (None, ABSENT) if chosen.method == "modelled" else source_of(chosen)
        if source is None:
            return modelled(self.kind, chosen, network, input_shape, why)
        windows, detail = measured_windows(network, input_shape, chosen, source)
        samples = [self.of_window(window, chosen.batch) for window in windows]
        return median_of(self, chosen, samples, detail, source.tier)


def measured_windows(
    network: torch.nn.Module,
    input_shape: tuple[int, ...],
    device: DeviceFile,
    source: EnergySource,
) -> tuple[list[Window], dict[str, Any]]:
    """Return the windows of repeated passes, and the conditions.

    Only one timing runs per machine at a time, but other programs on the device use energy too.
    """
    with exclusive():
        idle = _idle_watts(str(device.runs_on))
        with forward_pass(network, input_shape, device) as run:
            for _ in range(device.warm_up or 10):
                run()
            windows = [measure_window(source, run) for _ in range(WINDOWS)]
    return windows, {**conditions(device), **facts_of(source, idle, windows)}
