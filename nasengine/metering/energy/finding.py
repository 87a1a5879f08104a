"""The best energy source of this machine for a processor or a card."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import EntryPoint, entry_points

from .nvml import Nvml
from .rapl import Rapl
from .source import EnergySource, Unavailable
from .tegrastats import Tegrastats

GROUP = "nasengine.meters"
COUNTERS: dict[str, tuple[Callable[[], EnergySource], ...]] = {
    "cpu": (Tegrastats, Rapl),
    "cuda": (Nvml, Tegrastats),
}


def energy_source(runs_on: str) -> tuple[EnergySource | None, str]:
    """Return the energy source of a processor, and why there is none.

    External meters (entry points of the group `nasengine.meters`) come before counters.

    Args:
        runs_on: "cpu" or "cuda".
    """
    reasons = []
    for make in (*_meters(), *COUNTERS.get(runs_on, ())):
        try:
            return make(), ""
        except Unavailable as error:
            reasons.append(str(error))
    return None, "; ".join(reasons) or f"no energy counter is known for {runs_on}"


def _meters() -> Iterator[Callable[[], EnergySource]]:
    """Yield the plug-ins for external meters."""
    for point in entry_points(group=GROUP):
        yield partial(_opened, point)


def _opened(point: EntryPoint) -> EnergySource:
    try:
        source = point.load()()
    except Unavailable:
        raise
    except Exception as error:  # a broken plug-in must not end the measurement
        raise Unavailable(f"the meter {point.name} cannot be used ({error})") from error
    if not isinstance(source, EnergySource):
        raise Unavailable(f"the meter {point.name} is no EnergySource")
    return source
