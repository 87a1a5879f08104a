"""Progress: where an unfinished training is kept, so that another process continues it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .storage import Storage

Notify = Callable[[dict[str, Any]], None]
CHECKPOINT_SECONDS = 60.0


def ignore(notice: dict[str, Any]) -> None:
    """Do nothing with a notice."""


@dataclass(frozen=True)
class Progress:
    """The place of one training's checkpoints, and the receiver of notices about them.

    Notices are JSON objects: {"kept": epochs} after a checkpoint was stored; {"notice": text,
    "level": "info" or "warning"} about anything that people should know; with the keys "resumed"
    (finished epochs) and "curve" (their reports) if an earlier attempt was found.

    Attributes:
        storage: The place, used by this training only.
        identity: Facts that differ for every other training, by name: task, code, data. A
            checkpoint with other values is not used.
        seconds: Least time between two checkpoints, so that short epochs are not slowed down.
        notify: Called with every notice.
        curve: The reports of the finished epochs; a training that is continued starts with those
            of the earlier attempt.
    """

    storage: Storage
    identity: dict[str, str]
    seconds: float = CHECKPOINT_SECONDS
    notify: Notify = ignore
    curve: list[dict[str, Any]] = field(default_factory=list)

    def recorded(self, report: Notify) -> Notify:
        """Return `report` so that it adds to the curve too."""

        def add(point: dict[str, Any]) -> None:
            self.curve.append(point)
            report(point)

        return add
