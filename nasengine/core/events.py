"""EngineEvent: progress of a search, passed to a plain function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class EngineEvent:
    """One event of a search.

    Kinds: `proposal` (item is a Proposal), `epoch` (number, epoch, epochs, train_loss,
    valid_error ... of a running candidate), `paused` (item is the Outcome of a part of a training),
    `outcome` (item is an Outcome), `front`
    (front, hypervolume), `log` (level, text). Items are JSON objects.
    """

    kind: str
    item: dict[str, Any]
    number: int | None = None


Emit = Callable[[EngineEvent], None]


def silent(event: EngineEvent) -> None:
    """Ignore an event; an Emit for searches without a listener."""
