"""Energy source: a total of joules that only grows, and how it is read in windows."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

Tier = Literal["meter", "counter"]
# NVIDIA's counter steps about every 100 ms and samples a quarter of the time, so shorter windows
# would mostly measure the steps.
MIN_WINDOW_SECONDS = 5.0


class Unavailable(Exception):
    """The machine lacks the energy source, or it may not be read; the text is the reason."""


class EnergySource(ABC):
    """A running total of energy.

    A plug-in for an external meter derives from it, with `tier` "meter", and is named by an entry
    point of the group `nasengine.meters`. Its constructor takes no arguments and raises
    Unavailable without the meter.
    """

    name: ClassVar[str]
    tier: ClassVar[Tier]

    @abstractmethod
    def joules(self) -> float:
        """Return the energy in joules since some moment before the first call."""

    def close(self) -> None:  # noqa: B027  most sources hold nothing
        """Release what the source holds."""


@dataclass(frozen=True)
class Window:
    """Energy of many repetitions in one window of time."""

    joules: float
    seconds: float
    repetitions: int

    @property
    def watts(self) -> float:
        """Mean power."""
        return self.joules / self.seconds

    def millijoules(self, inputs: int = 1) -> float:
        """Return the energy of one of `inputs` that each repetition reads."""
        return 1000 * self.joules / (self.repetitions * inputs)


def measure_window(
    source: EnergySource, run: Callable[[], object], seconds: float = MIN_WINDOW_SECONDS
) -> Window:
    """Repeat `run` for at least so many seconds, and 5 s, and return the energy of all."""
    repetitions = 0
    begun, before = time.monotonic(), source.joules()
    while time.monotonic() - begun < max(seconds, MIN_WINDOW_SECONDS):
        run()
        repetitions += 1
    joules = source.joules() - before
    return Window(joules, time.monotonic() - begun, repetitions)


def idle_watts(source: EnergySource, seconds: float = MIN_WINDOW_SECONDS) -> float:
    """Return the mean power while this process waits."""
    window = measure_window(source, lambda: time.sleep(0.05), seconds)
    return window.watts


def facts_of(source: EnergySource, idle: float, windows: Sequence[Window]) -> dict[str, Any]:
    """Return the conditions of an energy measurement, idle power in watts."""
    return {
        "source": source.name,
        "idle_watts": round(idle, 3),
        "idle_taken_off": False,
        "window_seconds": MIN_WINDOW_SECONDS,
        "passes": sum(window.repetitions for window in windows),
    }
