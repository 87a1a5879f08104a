"""Energy that a card uses while a block of work runs, from its own counter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from .source import EnergySource


@dataclass
class Spent:
    """Joules of a block; None until it has ended, or if there is no counter."""

    joules: float | None = None


@contextmanager
def energy_of(source: EnergySource | None) -> Iterator[Spent]:
    """Read the counter before and after this block, also if it raises.

    A counter of the whole card also counts the work of other processes on it, unless it is
    divided (`metering.shared`).
    """
    spent = Spent()
    before = _read(source)
    try:
        yield spent
    finally:
        after = _read(source)
        if before is not None and after is not None and after >= before:
            spent.joules = after - before


def _read(source: EnergySource | None) -> float | None:
    if source is None:
        return None
    with suppress(Exception):  # a counter that fails must not end a training
        return source.joules()
    return None
