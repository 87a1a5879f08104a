"""Meter of one evaluation: for how long its trainings used a GPU."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

GPU_KINDS = ("cuda", "mps")


class Meter:
    """Adds up the seconds in which an evaluation used a GPU; None until it has used one.

    `earlier_seconds` is the duration of an earlier attempt up to the checkpoint from which a
    training continues.
    """

    def __init__(self) -> None:
        self.gpu_seconds: float | None = None
        self.earlier_seconds = 0.0

    @contextmanager
    def on(self, device_kind: str) -> Iterator[None]:
        """Count the time of this block if the device is a GPU, even if the block raises."""
        started = time.perf_counter()
        try:
            yield
        finally:
            if device_kind in GPU_KINDS:
                self._add_gpu(time.perf_counter() - started)

    def add_earlier(self, seconds: float, device_kind: str) -> None:
        """Add the time of an earlier attempt."""
        self.earlier_seconds += seconds
        if device_kind in GPU_KINDS:
            self._add_gpu(seconds)

    def _add_gpu(self, seconds: float) -> None:
        self.gpu_seconds = (self.gpu_seconds or 0.0) + seconds
