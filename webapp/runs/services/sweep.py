"""Work that the coordinator polls for every few seconds, without a broker."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Now

from webapp.runs.models import WAITING_CANDIDATES, Candidate, Run, RunState
from webapp.runs.queries import live_slots

from .notifications import wake_workers

NOTIFY_AGAIN_AFTER = 5 * settings.HEARTBEAT_LENGTH


def runs_to_advance() -> list[int]:
    """Return the keys of runs that can go on: to tell, to ask or to change state."""
    untold = Candidate.objects.filter(run=OuterRef("pk"), told=False, ended_order__isnull=False)
    changing = Q(state__in=[RunState.QUEUED, RunState.PAUSING, RunState.STOPPING])
    moving = Q(state__in=[RunState.RUNNING, RunState.PAUSED])
    runs = Run.objects.filter(changing | (moving & (Exists(untold) | Q(asked=F("told")))))
    return list(runs.order_by("pk").values_list("pk", flat=True))


def notify_again() -> None:
    """Wake workers again for candidates that have waited long in a queue they serve."""
    served = sorted({queue for slot in live_slots("evaluation") for queue in slot.queues})
    waiting = Candidate.objects.filter(
        state__in=WAITING_CANDIDATES, queue__in=served, run__state=RunState.RUNNING
    )
    overdue = waiting.annotate(since=Coalesce("rung_at", "queued_at")).filter(
        since__lt=Now() - NOTIFY_AGAIN_AFTER
    )
    queues = set(overdue.order_by().values_list("queue", flat=True))
    if queues:
        overdue_ids = list(overdue.values_list("pk", flat=True))
        Candidate.objects.filter(pk__in=overdue_ids).update(rung_at=Now())
        wake_workers(queues)
