"""Repetitions of one action until their median is known well enough."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from .summary import Summary, summarize

CHECK_EVERY = 10


@dataclass(frozen=True)
class Limits:
    """When repetitions end.

    Attributes:
        warm_up: Least number of repetitions that are not counted.
        warm_up_seconds: Least time of these.
        least: Least number of counted repetitions.
        most: Largest number of counted repetitions.
        seconds: Time after which they end although the interval is still wide.
        precision: Share of the median inside which its 95 % interval must be.
    """

    warm_up: int = 5
    warm_up_seconds: float = 0.3
    least: int = 30
    most: int = 10_000
    seconds: float = 10.0
    precision: float = 0.02


def repeat(run: Callable[[], float], limits: Limits) -> tuple[list[float], Summary, bool]:
    """Call `run`, which returns one sample, until the interval is narrow or the time is up.

    Returns:
        The samples, their summary, and whether the interval is inside the precision.
    """
    begun, done = time.monotonic(), 0
    while done < limits.warm_up or time.monotonic() - begun < limits.warm_up_seconds:
        run()
        done += 1
    samples: list[float] = []
    begun = time.monotonic()
    while True:
        samples.append(run())
        if len(samples) < limits.least:
            continue
        full = len(samples) >= limits.most or time.monotonic() - begun >= limits.seconds
        if full or len(samples) % CHECK_EVERY == 0:
            summary = summarize(samples)
            if full or summary.is_within(limits.precision):
                return samples, summary, summary.is_within(limits.precision)
