"""Recording events: the only module that inserts an Event or notifies a run's channel group."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.dispatch import Signal

from webapp.common.channel_groups import send_to_group

from .clean import clean_json
from .models import Event

if TYPE_CHECKING:
    from webapp.runs.models import Run

log = logging.getLogger(__name__)
# Sent in the transaction of the change with `run`, `kind` and `items`.
recorded = Signal()
QUIET_SECONDS = 2.0  # pause after a failed notification; pages poll meanwhile


class _Notifications(threading.local):
    """Runs that this thread has notified: one notification per commit is enough."""

    def __init__(self) -> None:
        self.recorded: dict[int, int] = {}  # run -> number of its newest event
        self.notified: dict[int, int] = {}  # run -> newest number included in a notification
        self.quiet_until = 0.0


_notifications = _Notifications()


def group_name(run_id: int) -> str:
    """Return the name of a run's channel group."""
    return f"run.{run_id}"


def record(run: Run, kind: str, item: dict[str, Any], replaces: int | None = None) -> Event:
    """Store one event in the transaction of the change; notify pages after commit.

    The run's counter is incremented under its row lock, so events commit in the order of their
    numbers.

    Args:
        run: the run that changed.
        kind: one of the kinds in docs/events.md.
        item: the whole new item, never a difference.
        replaces: the number of an older event that this one makes superfluous, such as an
            earlier learning curve of the same candidate; it is deleted.

    Raises:
        RuntimeError: called outside a transaction.
    """
    if replaces is not None:
        Event.objects.filter(run=run, seq=replaces).delete()
    return record_all(run, kind, [item])[0]


def record_all(run: Run, kind: str, items: Sequence[dict[str, Any]]) -> list[Event]:
    """Store events of one kind, numbered in their order: two queries for any number.

    Raises:
        RuntimeError: called outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an event is recorded in the transaction of its change: open one")
    if not items:
        return []
    run.seq = _count_on(run, len(items))
    first = run.seq - len(items) + 1
    events = Event.objects.bulk_create(
        Event(run=run, seq=seq, kind=kind, item=clean_json(item))
        for seq, item in enumerate(items, start=first)
    )
    recorded.send(Event, run=run, kind=kind, items=items)
    _notifications.recorded[run.pk] = run.seq
    # A rollback returns numbers that are used again: forget that they were notified.
    _notifications.notified[run.pk] = min(_notifications.notified.get(run.pk, 0), first - 1)
    transaction.on_commit(lambda: _notify_once(run.pk, first))
    return events


def _count_on(run: Run, number: int) -> int:
    """Add to the run's counter of events and return its new value, in one query."""
    table, column = run._meta.db_table, run._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET seq = seq + %s WHERE {column} = %s RETURNING seq",
            [number, run.pk],
        )
        row = cursor.fetchone()
    if row is None:
        raise type(run).DoesNotExist(f"run {run.pk} was deleted")
    return row[0]


def _notify_once(run_id: int, seq: int) -> None:
    """Notify for the first event of a commit; the others are in the table already."""
    if seq > _notifications.notified.get(run_id, 0):
        _notifications.notified[run_id] = _notifications.recorded[run_id]
        notify(run_id)


def notify(run_id: int) -> None:
    """Make open pages of the run read new events from the table."""
    if time.monotonic() < _notifications.quiet_until:
        return
    try:
        send_to_group(group_name(run_id), {"type": "run.changed"})
    except Exception as error:  # the events are stored; pages find them by polling
        _notifications.quiet_until = time.monotonic() + QUIET_SECONDS
        log.warning("run %s: pages were not notified (%s)", run_id, error)
