"""Repeated timings of the forward pass of a network."""

from __future__ import annotations

import copy
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.errors import EngineError
from ...core.torch_state import threads
from ..common.device_files import DeviceFile
from ..common.network_input import batch_of, reads_words

if TYPE_CHECKING:
    import torch

MIN_REPETITIONS = 30
MAX_REPETITIONS = 1000


@dataclass(frozen=True)
class Timing:
    """Times of single forward passes in ms."""

    milliseconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return float(np.median(self.milliseconds))

    @property
    def spread(self) -> float:
        """Half the interquartile range."""
        low, high = np.percentile(self.milliseconds, (25, 75))
        return float(high - low) / 2


def repeat(run: Callable[[], float], warm_up: int, repetitions: int, seconds: float) -> Timing:
    """Call `run`, which returns its time in ms, `warm_up` times and then repeatedly.

    The repetitions end after `repetitions` calls and a total of `seconds`, or after 1,000 calls.
    """
    for _ in range(warm_up):
        run()
    times: list[float] = []
    total = 0.0
    while len(times) < repetitions or (total < 1000 * seconds and len(times) < MAX_REPETITIONS):
        times.append(run())
        total += times[-1]
    return Timing(tuple(times))


def time_network(
    network: torch.nn.Module, input_shape: tuple[int, ...], device: DeviceFile
) -> Timing:
    """Time forward passes of a copy of the network under the conditions of the device file.

    Raises:
        EngineError: this machine does not have the device.
    """
    with forward_pass(network, input_shape, device) as run:
        return repeat(
            run,
            device.warm_up or 10,
            max(device.repetitions or 0, MIN_REPETITIONS),
            device.seconds or 0.0,
        )


@contextmanager
def forward_pass(
    network: torch.nn.Module, input_shape: tuple[int, ...], device: DeviceFile
) -> Iterator[Callable[[], float]]:
    """Yield a function that runs a copy of the network once and returns the milliseconds.

    The copy is in evaluation mode. For a network that reads text, a pass reads one word with
    the recurrent state of the word before.

    Raises:
        EngineError: this machine does not have the device.
    """
    import torch

    check_present(device)
    dtype = getattr(torch, device.dtype or "float32")
    torch_device = torch.device(device.runs_on or "cpu")
    formats = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}
    memory_format = formats[device.memory_format]
    inputs = batch_of(input_shape, device.batch, dtype, torch_device)
    if not reads_words(input_shape):
        inputs = inputs.contiguous(memory_format=memory_format)
    timed: Any = copy.deepcopy(network)  # torch declares no memory_format for Module.to
    timed = timed.to(torch_device, dtype=dtype, memory_format=memory_format)
    timed.eval()
    with threads(device.threads), _without_collection(), torch.inference_mode():
        arguments = (inputs, timed(inputs)[1]) if reads_words(input_shape) else (inputs,)
        yield _timer(timed, *arguments)


def check_present(device: DeviceFile) -> None:
    """Raise EngineError if this machine does not have the device."""
    import torch

    present = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not present[str(device.runs_on)]:
        raise EngineError(
            f"device {device.name} is not available on this machine: measure on a worker of queue "
            f"{device.queue}, or choose cpu"
        )


def _timer(network: torch.nn.Module, *inputs: torch.Tensor) -> Callable[[], float]:
    """Return a function that runs the network once and returns the time in ms."""
    import torch

    kind = inputs[0].device.type
    if kind == "cuda":
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

        def on_cuda() -> float:
            begin.record()
            network(*inputs)
            end.record()
            end.synchronize()
            return begin.elapsed_time(end)

        return on_cuda
    finish = torch.mps.synchronize if kind == "mps" else _already_finished

    def on_host() -> float:
        started = time.perf_counter_ns()
        network(*inputs)
        finish()
        return (time.perf_counter_ns() - started) / 1e6

    return on_host


def _already_finished() -> None:
    """Do nothing: on a CPU the pass has finished when the call returns."""


@contextmanager
def _without_collection() -> Iterator[None]:
    """Disable garbage collection, which would disturb single repetitions."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
