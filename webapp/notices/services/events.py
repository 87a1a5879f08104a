"""Storing what happened, once, in the transaction of the change."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from webapp.common.messages import NOTIFY, Announcement, send_after_commit
from webapp.common.queue_names import COORDINATOR_QUEUE
from webapp.limits import MAX_REASON
from webapp.notices.models import Kind, NoticeEvent
from webapp.runs.models import Run


def publish(key: str, kind: Kind, text: str, link: str = "", **more: Any) -> None:
    """Store that something happened; the same key is stored once, from whatever process.

    Args:
        key: names what happened.
        kind: what it is.
        text: one line for people.
        link: the address of its page.
        more: `team`, `run`, `person`, `minutes` of the row.
    """
    row = NoticeEvent(key=key[:120], kind=kind, text=text[:MAX_REASON], link=link, **more)
    NoticeEvent.objects.bulk_create([row], ignore_conflicts=True)
    send_after_commit(Announcement(NOTIFY, COORDINATOR_QUEUE))


def of_run(run: Run, kind: Kind, once: str, text: str, minutes: int | None = None) -> None:
    """Store what happened to a run.

    Args:
        run: the run.
        kind: what it is.
        once: distinguishes it from other events of this kind in the run.
        text: one line, after the name of the run.
        minutes: of a stalled run, for how long it made no progress.
    """
    publish(
        f"{kind}:{run.pk}:{once}",
        kind,
        f"Run {run.pk} {run.name}: {text}",
        f"/runs/{run.pk}/",
        team_id=run.team_id,
        run=run,
        person_id=run.created_by_id,
        minutes=minutes,
    )


def undispatched() -> Any:
    """Return the events of which no notices were made yet, oldest first."""
    return NoticeEvent.objects.filter(Q(dispatched_at=None)).order_by("pk")


def forget(key: str) -> None:
    """Delete the events whose keys begin like this, with their notices and deliveries."""
    NoticeEvent.objects.filter(key__startswith=key).delete()
