"""The next work of a worker: candidates of runs and jobs, in turn."""

from __future__ import annotations

from typing import Protocol

from webapp.runs.models import WorkerSlot
from webapp.runs.services.drains import is_drained
from webapp.runs.services.leases import Turn

from .candidate_work import CandidateWork
from .entry_check_work import EntryCheckWork
from .export_work import ExportWork
from .training_work import TrainingWork
from .work import Work


class Source(Protocol):
    """A kind of work that waits in queues."""

    def turns(self, queues: list[str]) -> list[Turn]:
        """Return the next works that wait in these queues."""

    def take(self, slot: WorkerSlot, turn: Turn) -> Work | None:
        """Claim the work of a turn; None if it does not wait any more."""


SOURCES: tuple[Source, ...] = (
    CandidateWork,
    TrainingWork,
    ExportWork,
    EntryCheckWork,
)


def next_work(slot: WorkerSlot, queues: list[str]) -> Work | None:
    """Claim the next work of these queues; None if nothing waits.

    Work of a higher priority comes first, then that of the team with the smallest load for its
    weight, then of the owner (a run, an evaluation, the exports of a team) with the least running,
    then of the owner that was served least recently. One worker therefore serves all of them in
    turn. A drained worker gets nothing.
    """
    if is_drained(slot.name):  # every claim checks it too; here it saves looking for work
        return None
    waiting = [(source, turn) for source in SOURCES for turn in source.turns(queues)]
    for source, turn in sorted(waiting, key=lambda pair: pair[1].order):  # equal: as they came
        if work := source.take(slot, turn):
            return work
    return None
