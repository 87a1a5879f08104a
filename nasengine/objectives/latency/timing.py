"""Repeated timings of one network and what is kept of them."""

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
from ..common.device_files import DeviceFile
from ..common.one_input import batch_of, reads_words

if TYPE_CHECKING:
    import torch

MIN_REPETITIONS = 30
MAX_REPETITIONS = 1000


@dataclass(frozen=True)
class Timing:
    """Single timings in ms."""

    milliseconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return float(np.median(self.milliseconds))

    @property
    def spread(self) -> float:
        """Half the interquartile range."""
        low, high = np.percentile(self.milliseconds, (25, 75))
        return float(high - low) / 2


def repeat(once: Callable[[], float], warm_up: int, repetitions: int, seconds: float) -> Timing:
    """Calls `once` (which returns ms) to warm up, then at least `repetitions` times.

    It goes on until the timings add up to `seconds`, at most 1,000 times.
    """
    for _ in range(warm_up):
        once()
    taken: list[float] = []
    total = 0.0
    while len(taken) < repetitions or (total < 1000 * seconds and len(taken) < MAX_REPETITIONS):
        taken.append(once())
        total += taken[-1]
    return Timing(tuple(taken))


def time_network(
    network: torch.nn.Module, input_shape: tuple[int, ...], device: DeviceFile
) -> Timing:
    """Forward passes in evaluation mode on a copy of the network, as the device file says.

    Of a network that reads text, a pass is one word, with the state behind another one.

    Raises:
        EngineError: this machine has no such device.
    """
    import torch

    check_present(device)
    dtype = getattr(torch, device.dtype or "float32")
    place = torch.device(device.runs_on or "cpu")
    layout = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}
    layout_of_network = layout[device.memory_format]
    inputs = batch_of(input_shape, device.batch, dtype, place)
    if not reads_words(input_shape):
        inputs = inputs.contiguous(memory_format=layout_of_network)
    subject: Any = copy.deepcopy(network)  # torch declares no memory_format of Module.to
    subject = subject.to(place, dtype=dtype, memory_format=layout_of_network)
    subject.eval()
    with _threads(device.threads), _without_collection(), torch.inference_mode():
        fed = (inputs, subject(inputs)[1]) if reads_words(input_shape) else (inputs,)
        return repeat(
            _timer(subject, *fed),
            device.warm_up or 10,
            max(device.repetitions or 0, MIN_REPETITIONS),
            device.seconds or 0.0,
        )


def check_present(device: DeviceFile) -> None:
    """Raises EngineError where this machine has no such device."""
    import torch

    present = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not present[str(device.runs_on)]:
        raise EngineError(
            f"device {device.name}: this machine has none; measure on a worker of the queue "
            f"{device.queue}, or choose cpu"
        )


def _timer(network: torch.nn.Module, *inputs: torch.Tensor) -> Callable[[], float]:
    """A function that runs the network once and returns the ms it took."""
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
    finish = torch.mps.synchronize if kind == "mps" else _nothing

    def by_the_clock() -> float:
        started = time.perf_counter_ns()
        network(*inputs)
        finish()
        return (time.perf_counter_ns() - started) / 1e6

    return by_the_clock


def _nothing() -> None:
    """A processor has finished when the call returns."""


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Python's garbage collection waits, as it would fall on single repetitions."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
