"""The next work of a worker: candidates of runs and jobs, in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from webapp.common.messages import TASK, Announcement, send, work_announcement
from webapp.runs.models import WorkerSlot
from webapp.runs.services.leases import Turn

from .candidate_work import CandidateWork
from .entry_check_work import EntryCheckWork
from .export_work import ExportWork
from .predictor_work import PredictorWork
from .training_work import TrainingWork
from .work import Work


class Source(Protocol):
    """A kind of work that waits in queues."""

    def turns(self, queues: list[str]) -> list[Turn]:
        """Return the next works that wait in these queues."""

    def task_of(self, turn: Turn) -> str:
        """Return the name of the Celery task that does the work of a turn, as "evaluate"."""

    def take(self, slot: WorkerSlot, turn: Turn) -> Work | None:
        """Claim the work of a turn; None if it does not wait any more."""


SOURCES: tuple[Source, ...] = (
    CandidateWork,
    TrainingWork,
    ExportWork,
    EntryCheckWork,
    PredictorWork,
)


@dataclass(frozen=True)
class Due:
    """Work that waits, and the source that hands it out."""

    source: Source
    turn: Turn

    @property
    def task(self) -> str:
        """Full name of the Celery task that does it."""
        return TASK.format(self.source.task_of(self.turn))

    @property
    def announcement(self) -> Announcement:
        return work_announcement(self.turn.queue, self.task)


def due_work(queues: list[str]) -> list[Due]:
    """Return what waits in these queues, in the order in which it is to be done.

    Work of a higher priority comes first, then that of the team with the smallest load for its
    weight, then of the owner (a run, an evaluation, the exports of a team) with the least running,
    then of the owner that was served least recently. One worker therefore serves all of them in
    turn.
    """
    waiting = [Due(source, turn) for source in SOURCES for turn in source.turns(queues)]
    return sorted(waiting, key=lambda due: due.turn.order)  # equal: as they came


def claim_first(slot: WorkerSlot, waiting: Sequence[Due]) -> tuple[Work | None, list[Due]]:
    """Claim the first of these works that still waits; return it and those behind it."""
    for position, due in enumerate(waiting):
        if work := due.source.take(slot, due.turn):
            return work, list(waiting[position + 1 :])
    return None, []


def announce(waiting: Sequence[Due]) -> None:
    """Announce the first of these works in each queue, for the next worker that is free.

    Its receiver announces the one behind it. A queue of the broker therefore normally holds one
    message of work, whatever the number of works.
    """
    firsts: dict[str, Due] = {}
    for due in waiting:
        firsts.setdefault(due.turn.queue, due)
    for due in firsts.values():
        send(due.announcement)
