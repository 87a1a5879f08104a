"""Rows of worker processes: register, heartbeat, retire."""

from __future__ import annotations

import os
import socket
from typing import Any

from django.db.models.functions import Now

from webapp.runs.models import WorkerSlot


def register(name: str, role: str, queues: list[str], facts: dict[str, Any]) -> WorkerSlot:
    """Create the row of this process; role is "evaluation" or "coordinator"."""
    return WorkerSlot.objects.create(
        name=name, host=socket.gethostname(), pid=os.getpid(), role=role, queues=queues, facts=facts
    )


def touch(slot: WorkerSlot) -> None:
    """Store a heartbeat; a row that was marked as stopped or deleted is restored."""
    if not WorkerSlot.objects.filter(pk=slot.pk).update(last_seen=Now(), stopped_at=None):
        slot.last_seen = Now()
        slot.save(force_insert=True)


def add_facts(slot: WorkerSlot, facts: dict[str, Any]) -> None:
    """Add facts about the machine that the process found out after registering."""
    slot.facts = {**slot.facts, **facts}
    slot.save(update_fields=["facts"])


def retire(slot: WorkerSlot) -> None:
    """Mark the process as stopped; it ends in an orderly way."""
    WorkerSlot.objects.filter(pk=slot.pk).update(last_seen=Now(), stopped_at=Now())
