"""Runs without progress and workers that were lost: the sweep looks for them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from webapp.accounts.models import Team
from webapp.events.models import Event
from webapp.notices.models import (
    DEFAULT_MINUTES,
    Kind,
    NoticeSettings,
    Webhook,
)
from webapp.runs.models import Run, RunState, WorkerSlot

from .events import of_run, publish

PROGRESS = ("candidate", "progress")  # kinds of events that are progress
LOST_FOR = timedelta(hours=1)  # a worker that was lost earlier is no news


def stalled(minutes: int) -> QuerySet[Run]:
    """Return the running runs without progress for so long; `last` is when they had some."""
    events = Event.objects.filter(run=OuterRef("pk"), kind__in=PROGRESS).order_by("-seq")
    last = Coalesce(Subquery(events.values("at")[:1]), "started_at", "created_at")
    late = Now() - timedelta(minutes=minutes)
    running = Run.objects.filter(state__in=(RunState.RUNNING, RunState.QUEUED))
    return running.annotate(last=last).filter(last__lt=late).order_by("pk")


def stalled_runs(team: Team, minutes: int = DEFAULT_MINUTES) -> QuerySet[Run]:
    """Return the stalled runs of a team."""
    return stalled(minutes).filter(team=team)


def watch() -> None:
    """Store new stalls and lost workers: called by every sweep."""
    waits = {DEFAULT_MINUTES}
    waits |= set(NoticeSettings.objects.values_list("minutes", flat=True))
    waits |= set(Webhook.objects.filter(disabled_at=None).values_list("minutes", flat=True))
    for minutes in waits:
        for run in stalled(minutes).only("name", "team", "created_by"):
            last: datetime = run.last  # type: ignore[attr-defined]  # an annotation
            text = f"no progress for {minutes} min"
            of_run(run, Kind.NO_PROGRESS, f"{minutes}:{last.isoformat()}", text, minutes)
    _lost_workers()


def _lost_workers() -> None:
    now = timezone.now()
    lost = WorkerSlot.objects.filter(
        stopped_at=None,
        last_seen__lt=now - timedelta(seconds=2 * settings.LEASE_SECONDS),
        last_seen__gt=now - LOST_FOR,
    )
    for slot in lost:
        text = f"Worker {slot.name} on {slot.host} was lost: no heartbeat"
        publish(f"{Kind.WORKER_LOST}:{slot.pk}", Kind.WORKER_LOST, text, "/fleet/")
