"""Worker processes: they sign in, give signs of life, sign out."""

from __future__ import annotations

import os
import socket
from typing import Any

from django.db.models.functions import Now

from webapp.runs.models import WorkerSlot


def register(name: str, role: str, queues: list[str], facts: dict[str, Any]) -> WorkerSlot:
    """A row for this process; role is "evaluation" or "coordinator"."""
    return WorkerSlot.objects.create(
        name=name, host=socket.gethostname(), pid=os.getpid(), role=role, queues=queues, facts=facts
    )


def touch(slot: WorkerSlot) -> None:
    """A sign of life; one that was taken for dead, or deleted, is alive again."""
    if not WorkerSlot.objects.filter(pk=slot.pk).update(last_seen=Now(), stopped_at=None):
        slot.last_seen = Now()
        slot.save(force_insert=True)


def add_facts(slot: WorkerSlot, facts: dict[str, Any]) -> None:
    """What the process learned about its machine since it signed in."""
    slot.facts = {**slot.facts, **facts}
    slot.save(update_fields=["facts"])


def retire(slot: WorkerSlot) -> None:
    """The process ends on purpose."""
    WorkerSlot.objects.filter(pk=slot.pk).update(last_seen=Now(), stopped_at=Now())
