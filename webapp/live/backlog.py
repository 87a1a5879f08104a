"""Reading a run's events for its open pages, and who may see them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Min

from webapp.accounts.permissions import AnyUser, may, users_who_may
from webapp.events.models import Event
from webapp.runs.models import Run

BATCH = 200


@dataclass(frozen=True)
class Backlog:
    """The next events of a run for one page.

    Attributes:
        seq: the number of the run's newest event at the time of reading.
        events: the next events in order, at most one batch.
        reset: the page must load a snapshot instead.
        gone: the run does not exist or this user may not view it.
    """

    seq: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    reset: bool = False
    gone: bool = False


def visible_run(user: AnyUser, run_id: int) -> Run | None:
    """Return the run if the user may view it, None otherwise."""
    run = Run.objects.select_related("team").only("pk", "seq", "team").filter(pk=run_id).first()
    return run if run is not None and may(user, "view", run.team) else None


def backlog(user: AnyUser, run_id: int, after: int) -> Backlog:
    """Return the events with numbers above `after`, at most one batch.

    A missing number is not a gap by itself, because a newer learning curve replaces the event of
    the older one. The page must reset if it is ahead of the run (another database), too far
    behind, or if the first events that it lacks were deleted.
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
    newer = rows.filter(seq__gt=after).order_by("seq")[:BATCH]
    return Backlog(seq=run.seq, events=[event.to_json() for event in newer])


def newer_events(run_id: int, after: int) -> list[dict[str, Any]]:
    """Return the events with numbers above `after` in order, at most one batch: one query."""
    rows = Event.objects.filter(run_id=run_id, seq__gt=after).order_by("seq")[:BATCH]
    return [event.to_json() for event in rows]


@dataclass(frozen=True)
class Watch:
    """A run at one moment: the number of its newest event, and which of the users may view it."""

    seq: int = 0
    viewers: frozenset[Any] = frozenset()


def watch(run_id: int, users: Iterable[Any]) -> Watch:
    """Return the run's newest number and those of the users who may view it: two queries.

    A run that does not exist has no viewers.
    """
    run = Run.objects.only("pk", "seq", "team_id").filter(pk=run_id).first()
    if run is None:
        return Watch()
    return Watch(run.seq, frozenset(users_who_may("view", run.team_id, users)))
