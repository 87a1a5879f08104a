"""Rows of worker processes: register, heartbeat, retire."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models.functions import Now

from nasengine.execution.code_version import code_version
from webapp.runs.models import WorkerSlot

from .fleet_news import announce_fleet

STALLED_SINCE = "stalled_since"  # fact of a coordinator whose sweeps do not end: ISO 8601 time


def register(name: str, role: str, queues: list[str], facts: dict[str, Any]) -> WorkerSlot:
    """Create the row of this process; role is "evaluation" or "coordinator"."""
    slot = WorkerSlot.objects.create(
        name=name,
        host=socket.gethostname(),
        pid=os.getpid(),
        role=role,
        queues=queues,
        facts={"code": code_version(), **facts},
    )
    announce_fleet()
    return slot


def touch(rows: Sequence[WorkerSlot]) -> None:
    """Store a heartbeat; rows that were marked as stopped or deleted are restored."""
    known = WorkerSlot.objects.filter(pk__in=[row.pk for row in rows])
    if known.update(last_seen=Now(), stopped_at=None) != len(rows):
        stored = set(known.values_list("pk", flat=True))
        for row in rows:
            if row.pk not in stored:
                row.last_seen = Now()
                row.save(force_insert=True)
    announce_fleet()


def add_facts(slot: WorkerSlot, facts: dict[str, Any]) -> None:
    """Add facts about the machine that the process found out after registering."""
    slot.facts = {**slot.facts, **facts}
    slot.save(update_fields=["facts"])
    announce_fleet()


def stalled_since(slot: WorkerSlot) -> datetime | None:
    """Return since when a coordinator has completed no sweep; None while it does its work."""
    since = slot.facts.get(STALLED_SINCE)
    return datetime.fromisoformat(since) if since else None


def serve(slot: WorkerSlot, queues: list[str]) -> None:
    """Store the queues that the process serves from now on."""
    slot.queues = list(queues)
    slot.save(update_fields=["queues"])


def retire(slot: WorkerSlot) -> None:
    """Mark the process as stopped; it ends in an orderly way."""
    WorkerSlot.objects.filter(pk=slot.pk).update(last_seen=Now(), stopped_at=Now())
    announce_fleet()
