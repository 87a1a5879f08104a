"""What the coordinator looks for every few seconds, without any broker."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Now

from webapp.runs.models import WAITING_CANDIDATES, Candidate, Run, RunState
from webapp.runs.queries import live_slots

from .notifications import wake_workers

RING_AGAIN_AFTER = 5 * settings.HEARTBEAT_LENGTH


def runs_to_advance() -> list[int]:
    """Runs with something to tell, ask or settle: cheap to ask, so it is asked often."""
    untold = Candidate.objects.filter(run=OuterRef("pk"), told=False, ended_order__isnull=False)
    settling = Q(state__in=[RunState.QUEUED, RunState.PAUSING, RunState.STOPPING])
    moving = Q(state__in=[RunState.RUNNING, RunState.PAUSED])
    runs = Run.objects.filter(settling | (moving & (Exists(untold) | Q(asked=F("told")))))
    return list(runs.order_by("pk").values_list("pk", flat=True))


def notify_again() -> None:
    """Rings for candidates that have waited long, where a living worker could hear it."""
    heard = sorted({queue for slot in live_slots("evaluation") for queue in slot.queues})
    waiting = Candidate.objects.filter(
        state__in=WAITING_CANDIDATES, queue__in=heard, run__state=RunState.RUNNING
    )
    overdue = waiting.annotate(since=Coalesce("rung_at", "queued_at")).filter(
        since__lt=Now() - RING_AGAIN_AFTER
    )
    queues = set(overdue.order_by().values_list("queue", flat=True))
    if queues:
        overdue_ids = list(overdue.values_list("pk", flat=True))
        Candidate.objects.filter(pk__in=overdue_ids).update(rung_at=Now())
        wake_workers(queues)
