"""Meter of one evaluation: for how long its trainings used a GPU."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

GPU_KINDS = ("cuda", "mps")


class Meter:
    """Adds up the seconds in which an evaluation used a GPU; None until it has used one."""

    def __init__(self) -> None:
        self.gpu_seconds: float | None = None

    @contextmanager
    def on(self, device_kind: str) -> Iterator[None]:
        """Count the time of this block if the device is a GPU, even if the block raises."""
        started = time.perf_counter()
        try:
            yield
        finally:
            if device_kind in GPU_KINDS:
                self.gpu_seconds = (self.gpu_seconds or 0.0) + time.perf_counter() - started
