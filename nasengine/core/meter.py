"""Meter of one evaluation: for how long its trainings used a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..metering.shared import card_clock

GPU_KINDS = ("cuda", "mps")


class Meter:
    """Adds up the seconds in which an evaluation used a GPU; None until it has used one.

    While n pieces of work share the GPU, each counts 1/n of the time (`metering.shared`), so the
    seconds of all add up to those of the GPU. `earlier_seconds` is the duration of an earlier
    attempt up to the checkpoint from which a training continues.
    """

    def __init__(self) -> None:
        self.gpu_seconds: float | None = None
        self.earlier_seconds = 0.0

    @contextmanager
    def on(self, device_kind: str) -> Iterator[None]:
        """Count the time of this block if the device is a GPU, even if the block raises."""
        started = card_clock.value()
        try:
            yield
        finally:
            if device_kind in GPU_KINDS:
                self._add_gpu(card_clock.value() - started)

    def add_earlier(self, seconds: float, gpu_seconds: float, device_kind: str) -> None:
        """Add the time of an earlier attempt, and its share of a GPU if it used one."""
        self.earlier_seconds += seconds
        if device_kind in GPU_KINDS:
            self._add_gpu(gpu_seconds)

    def _add_gpu(self, seconds: float) -> None:
        self.gpu_seconds = (self.gpu_seconds or 0.0) + seconds
