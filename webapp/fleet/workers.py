"""The workers of the fleet page: state, current work, throughput and software of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone

from webapp.accounts.models import Team
from webapp.runs.labels import StateLabel
from webapp.runs.models import Candidate, CandidateState, WorkerDrain, WorkerSlot
from webapp.runs.queries import live_slots
from webapp.runs.services.slots import stalled_since

from .work import CurrentWork, current_work

PACE_WINDOW = timedelta(hours=1)
MIN_PACE_SECONDS = 60.0  # shorter times are no measure of an hour
WITHOUT_RESULT = (CandidateState.CANCELLED, CandidateState.LOST)
STATES = {
    "working": StateLabel("Working", "loader", "live", "It does the work named here"),
    "idle": StateLabel("Idle", "circle", "calm", "It waits for work in its queues"),
    "draining": StateLabel(
        "Draining", "player-pause", "warn", "It finishes its work and takes nothing new"
    ),
    "drained": StateLabel("Drained", "player-pause", "warn", "It takes no work until resumed"),
    "lost": StateLabel(
        "Lost", "circle-x", "bad", "No heartbeat for a whole lease: its work goes to other workers"
    ),
    "healthy": StateLabel("Healthy", "circle-check", "good", "It advances the runs"),
    "stalled": StateLabel(
        "Stalled", "circle-x", "bad", "It is alive but completes no sweep: runs may not advance"
    ),
}


@dataclass(frozen=True)
class WorkerRow:
    """One worker on the page.

    Attributes:
        slot: its row.
        state: a key of `STATES`.
        works: its current work.
        per_hour: candidates per hour, over the last hour or since it started; None if none ended.
        drain: who drained it and when; None if it is not drained.
    """

    slot: WorkerSlot
    state: str
    works: list[CurrentWork]
    per_hour: float | None
    drain: WorkerDrain | None

    @property
    def facts(self) -> dict[str, Any]:
        """Facts about its machine and software; some are not known before its first training."""
        return self.slot.facts

    @property
    def stalled_since(self) -> datetime | None:
        """Since when a coordinator has completed no sweep; None while it does its work."""
        return stalled_since(self.slot)

    @property
    def has_throughput(self) -> bool:
        """Whether an epoch of its current work has reported images or words per second."""
        return any(work.throughput for work in self.works)

    @property
    def is_drainable(self) -> bool:
        """Whether it takes work, so that it can be drained."""
        return self.slot.role == "evaluation"


def worker_rows(team: Team) -> list[WorkerRow]:
    """Return the live and the lost workers, coordinators last: eight queries for any number."""
    works, paces = current_work(team), _ended_by_slot()
    drains = {drain.name: drain for drain in WorkerDrain.objects.select_related("drained_by")}
    return [
        WorkerRow(
            slot,
            _state(slot, bool(works.get(slot.pk)), slot.name in drains),
            works.get(slot.pk, []),
            _per_hour(paces.get(slot.pk, 0), slot.started_at),
            drains.get(slot.name),
        )
        for slot in _shown_slots()
    ]


def drained_offline() -> list[WorkerDrain]:
    """Return the drained workers that are not on the list of workers.

    They stay drained when they start again.
    """
    listed = WorkerSlot.objects.filter(stopped_at=None, name=OuterRef("name"))
    return list(WorkerDrain.objects.filter(~Exists(listed)))


def _shown_slots() -> list[WorkerSlot]:
    """Return the workers that have not signed out.

    A lost one is left out if a worker of its name is alive.
    """
    alive = live_slots().filter(pk=OuterRef("pk"))
    again = live_slots().filter(name=OuterRef("name"), role=OuterRef("role"))
    slots = WorkerSlot.objects.filter(stopped_at=None).annotate(
        is_alive=Exists(alive), is_replaced=Exists(again)
    )
    shown = [slot for slot in slots if slot.is_alive or not slot.is_replaced]
    return sorted(shown, key=lambda slot: (slot.role == "coordinator", slot.name, slot.started_at))


def _state(slot: Any, is_busy: bool, is_drained: bool) -> str:
    if not slot.is_alive:
        return "lost"
    if slot.role == "coordinator":
        return "stalled" if stalled_since(slot) else "healthy"
    if is_drained:
        return "draining" if is_busy else "drained"
    return "working" if is_busy else "idle"


def _ended_by_slot() -> dict[UUID, int]:
    """Count the candidates that ended with each worker in the last hour."""
    ended = Candidate.objects.filter(slot__isnull=False, ended_at__gt=Now() - PACE_WINDOW)
    counted = ended.exclude(state__in=WITHOUT_RESULT).order_by().values_list("slot")
    return dict(counted.annotate(number=Count("pk")))


def _per_hour(ended: int, started_at: datetime) -> float | None:
    if not ended:
        return None
    age = max(MIN_PACE_SECONDS, (timezone.now() - started_at).total_seconds())
    return ended * 3600 / min(PACE_WINDOW.total_seconds(), age)
