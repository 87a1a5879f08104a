"""Which events a page has still to be sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Min

from webapp.accounts.permissions import may
from webapp.events.models import Event
from webapp.runs.models import Run

PAGE = 200


@dataclass(frozen=True)
class Backlog:
    """The next events in order; or `reset`, where only a snapshot helps.

    `seq` is the run's own counter at the moment of reading. `gone` means that there is no
    such run any more, or not for this person.
    """

    seq: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    reset: bool = False
    gone: bool = False


def visible_run(user: Any, run_id: int) -> Run | None:
    """The run, when the person may look at it."""
    run = Run.objects.select_related("team").only("pk", "seq", "team").filter(pk=run_id).first()
    return run if run is not None and may(user, "view", run.team) else None


def backlog(user: Any, run_id: int, after: int) -> Backlog:
    """The events after `after`, at most one page of them.

    A missing number is no gap by itself: a candidate's newer curve takes the place of its
    older one. The page must start anew when it is ahead of the run (another database), too
    far behind, or when the first events it lacks were removed.
    """
    run = visible_run(user, run_id)
    if run is None:
        return Backlog(gone=True)
    if after == run.seq:
        return Backlog(seq=run.seq)
    if after > run.seq or run.seq - after > settings.SOCKET_REPLAY_LIMIT:
        return Backlog(seq=run.seq, reset=True)
    rows = Event.objects.filter(run_id=run_id)
    oldest = rows.aggregate(oldest=Min("seq"))["oldest"]
    if oldest is None or oldest > after + 1:
        return Backlog(seq=run.seq, reset=True)
    newer = rows.filter(seq__gt=after).order_by("seq")[:PAGE]
    return Backlog(seq=run.seq, events=[event.to_json() for event in newer])
