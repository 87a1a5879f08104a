"""Steps recorded as CUDA graphs: one launch instead of thousands.

On a fast card a step of small kernels takes longer to launch than to compute. A CUDA graph records
the kernels of a step once and launches all of them together. A step that can be recorded reads no
number from the device, has fixed shapes, and takes everything that changes (images, learning rate,
drop-path probability) from tensors on the device. The first steps are taken eagerly: they create
the optimizer's state and choose algorithms, and recording itself changes no number, so nothing has
to be restored. Random numbers continue where the eager steps ended.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from .out_of_memory import is_out_of_memory

logger = logging.getLogger(__name__)

Tensors = tuple[torch.Tensor, ...]
Function = Callable[..., Tensors]
WARM_UP = 2  # eager steps of each shape before it is recorded
MAX_GRAPHS = 16  # shapes that are recorded; further ones stay eager


class Recorder(Protocol):
    """Takes eager steps that can be followed by a recording, and records steps."""

    def warm_up(self, function: Function, inputs: Tensors) -> Tensors:
        """Take a step where the recorded one will run."""

    def record(self, function: Function, inputs: Tensors) -> tuple[Callable[[], None], Tensors]:
        """Return a function that repeats the step on the same tensors, and its results."""


class CudaRecorder:
    """Records CUDA graphs; all of them share one memory pool, because they never run together."""

    def __init__(self) -> None:
        self.stream = torch.cuda.Stream()
        self.pool: Any = None  # torch names the type only in its stubs

    def warm_up(self, function: Function, inputs: Tensors) -> Tensors:
        current = torch.cuda.current_stream()
        self.stream.wait_stream(current)
        with torch.cuda.stream(self.stream):
            results = function(*inputs)
        current.wait_stream(self.stream)
        return results

    def record(self, function: Function, inputs: Tensors) -> tuple[Callable[[], None], Tensors]:
        graph = torch.cuda.CUDAGraph()
        numbers = torch.cuda.default_generators[torch.cuda.current_device()]
        before = numbers.get_state()
        try:
            results = self._captured(graph, function, inputs)
        except RuntimeError:
            # A recording that fails leaves the generator in its recording state.
            fresh = torch.Generator(self.stream.device)
            fresh.set_state(before)
            numbers.graphsafe_set_state(fresh.graphsafe_get_state())
            raise
        self.pool = graph.pool()
        return graph.replay, results

    def _captured(
        self, graph: torch.cuda.CUDAGraph, function: Function, inputs: Tensors
    ) -> Tensors:
        # Other threads of the process may use the card meanwhile.
        with torch.cuda.graph(
            graph, pool=self.pool, stream=self.stream, capture_error_mode="thread_local"
        ):
            return function(*inputs)


@dataclass
class Recorded:
    """A recorded step with the tensors that it reads and writes."""

    inputs: Tensors
    replay: Callable[[], None]
    results: Tensors

    def __call__(self, inputs: Tensors) -> Tensors:
        for kept, value in zip(self.inputs, inputs, strict=True):
            kept.copy_(value, non_blocking=True)
        self.replay()
        return tuple(result.clone() for result in self.results)


class StepGraphs:
    """A step that is recorded for each shape of its inputs, or stays eager for a stated reason.

    Args:
        function: Takes and returns tensors on the device. It changes parameters and the state of
            optimizers in place and reads no number from the device.
        recorder: Records steps; None: every step is eager.
        reason: Why every step is eager.
    """

    def __init__(self, function: Function, recorder: Recorder | None, reason: str = ""):
        self.function = function
        self.recorder = None if reason else recorder
        self.reason = reason
        if reason and recorder is not None:
            logger.info("Steps are not recorded as a CUDA graph: %s", reason)
        self.seen: Counter[tuple[object, ...]] = Counter()
        self.recorded: dict[tuple[object, ...], Recorded] = {}

    def __call__(self, *inputs: torch.Tensor) -> Tensors:
        """Take a step; the results are tensors of their own."""
        if self.recorder is None:
            return self.function(*inputs)
        form = tuple((tuple(tensor.shape), tensor.dtype) for tensor in inputs)
        if form not in self.recorded:
            self.seen[form] += 1
            if self.seen[form] <= WARM_UP or len(self.recorded) >= MAX_GRAPHS:
                return self.recorder.warm_up(self.function, inputs)
            try:
                self.recorded[form] = self._record(self.recorder, inputs)
            except RuntimeError as error:
                self._stay_eager(error)
                return self.function(*inputs)
        return self.recorded[form](inputs)

    @property
    def description(self) -> str:
        """How the steps were taken, for the conditions of a measurement."""
        if self.recorded:
            return "CUDA graph"
        return f"eager: {self.reason}" if self.reason else "eager"

    def _record(self, recorder: Recorder, inputs: Tensors) -> Recorded:
        kept = tuple(tensor.detach().clone() for tensor in inputs)
        return Recorded(kept, *recorder.record(self.function, kept))

    def _stay_eager(self, error: RuntimeError) -> None:
        if is_out_of_memory(error):
            self.reason = "not enough memory for a graph"
        else:
            self.reason = f"the step cannot be recorded: {str(error).partition(chr(10))[0]}"
        self.recorder = None
        self.recorded.clear()
        logger.warning("Steps are not recorded as a CUDA graph: %s", self.reason)
        torch.cuda.synchronize()


def recorder_for(device: torch.device) -> Recorder | None:
    """Return the recorder of a device, None where steps cannot be recorded."""
    return CudaRecorder() if device.type == "cuda" else None
