"""The funnel: nobody else inserts an Event or rings a run's channel group."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from .clean import clean_json
from .models import Event

if TYPE_CHECKING:
    from webapp.runs.models import Run

log = logging.getLogger(__name__)


def group_name(run_id: int) -> str:
    """The channel group of a run."""
    return f"run.{run_id}"


def record(run: Run, kind: str, item: dict[str, Any]) -> Event:
    """Stores one event in the transaction of the change it reports; rings after commit.

    The run's counter is bumped under its row lock, so numbers commit in order. `item`
    is the whole new thing, never a difference.

    Raises:
        RuntimeError: called outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an event is recorded in the transaction of its change; open one")
    rows = type(run).objects.filter(pk=run.pk)
    rows.update(seq=F("seq") + 1)
    run.seq = rows.values_list("seq", flat=True).get()
    event = Event.objects.create(
        run=run, seq=run.seq, kind=kind, at=timezone.now(), item=clean_json(item)
    )
    transaction.on_commit(lambda: ring(run.pk, event.seq))
    return event


def ring(run_id: int, seq: int) -> None:
    """Tells open pages that there is something to read; the table holds what."""
    try:
        layer = get_channel_layer()
        async_to_sync(layer.group_send)(group_name(run_id), {"type": "run.rang", "seq": seq})
    except Exception as error:  # the broker is a doorbell: a dead one loses nothing
        log.warning("run %s: bell not heard (%s)", run_id, error)
