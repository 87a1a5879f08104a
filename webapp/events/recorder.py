"""The funnel: nobody else inserts an Event or rings a run's channel group."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connection, transaction
from django.db.models import F

from .clean import clean_json
from .models import Event

if TYPE_CHECKING:
    from webapp.runs.models import Run

log = logging.getLogger(__name__)
QUIET_SECONDS = 2.0  # after a bell that was not heard; pages look for news by themselves


class _Notifications(threading.local):
    """What this thread recorded and rang: one bell is enough for one commit."""

    def __init__(self) -> None:
        self.recorded: dict[int, int] = {}  # run -> its newest number
        self.rung: dict[int, int] = {}  # run -> the newest number a bell stood for
        self.quiet_until = 0.0


_notifications = _Notifications()


def group_name(run_id: int) -> str:
    """The channel group of a run."""
    return f"run.{run_id}"


def record(run: Run, kind: str, item: dict[str, Any], replaces: int | None = None) -> Event:
    """Stores one event in the transaction of the change it reports; rings after commit.

    The run's counter is bumped under its row lock, so numbers commit in order. `item`
    is the whole new thing, never a difference. `replaces` is the number of an older event
    that this one makes superfluous (an earlier curve of the same candidate): it goes.

    Raises:
        RuntimeError: called outside a transaction.
    """
    if replaces is not None:
        Event.objects.filter(run=run, seq=replaces).delete()
    return record_all(run, kind, [item])[0]


def record_all(run: Run, kind: str, items: Sequence[dict[str, Any]]) -> list[Event]:
    """Stores events of one kind, numbered in their order: three queries for any number.

    Raises:
        RuntimeError: called outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an event is recorded in the transaction of its change; open one")
    if not items:
        return []
    rows = type(run).objects.filter(pk=run.pk)
    rows.update(seq=F("seq") + len(items))
    run.seq = rows.values_list("seq", flat=True).get()
    first = run.seq - len(items) + 1
    events = Event.objects.bulk_create(
        Event(run=run, seq=seq, kind=kind, item=clean_json(item))
        for seq, item in enumerate(items, start=first)
    )
    _notifications.recorded[run.pk] = run.seq
    # A number given back by a rollback is used again: forget that it was rung.
    _notifications.rung[run.pk] = min(_notifications.rung.get(run.pk, 0), first - 1)
    transaction.on_commit(lambda: _ring_once(run.pk, first))
    return events


def _ring_once(run_id: int, seq: int) -> None:
    """Rings for the first event of a commit; the others are in the table already."""
    if seq > _notifications.rung.get(run_id, 0):
        _notifications.rung[run_id] = _notifications.recorded[run_id]
        notify(run_id)


def notify(run_id: int) -> None:
    """Tells open pages that there is something to read; the table holds what."""
    if time.monotonic() < _notifications.quiet_until:
        return
    try:
        layer = get_channel_layer()
        async_to_sync(layer.group_send)(group_name(run_id), {"type": "run.changed"})
    except Exception as error:  # the broker is a doorbell: a dead one loses nothing
        _notifications.quiet_until = time.monotonic() + QUIET_SECONDS
        log.warning("run %s: bell not heard (%s)", run_id, error)
