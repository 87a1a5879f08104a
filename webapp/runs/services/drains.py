"""Draining workers: a drained worker finishes its work and claims nothing new."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from webapp.accounts.models import User
from webapp.runs.models import WorkerDrain, WorkerSlot

from .fleet_news import announce_fleet
from .notifications import wake_workers


class UnknownWorker(Exception):
    """No worker of this name has ever registered."""


def drain(name: str, user: User | None) -> bool:
    """Let every worker of this name claim nothing new; return False if it is drained already.

    Raises:
        UnknownWorker: there is no worker of this name.
    """
    if not WorkerSlot.objects.filter(name=name).exists():
        raise UnknownWorker(f"there is no worker {name[:120]!r}")
    row = WorkerDrain(name=name, drained_by=user)
    row._history_user = user  # type: ignore[attr-defined]  # read by simple-history
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return False
    announce_fleet()
    return True


def resume(name: str, user: User | None) -> bool:
    """Let workers of this name claim work again; return False if they are not drained."""
    with transaction.atomic():
        drained = WorkerDrain.objects.select_for_update().filter(name=name).first()
        if drained is None:
            return False
        drained._history_user = user  # type: ignore[attr-defined]  # read by simple-history
        drained.delete()
        slots = WorkerSlot.objects.filter(name=name, stopped_at=None)
        announce_fleet()
        wake_workers(queue for slot in slots for queue in slot.queues)
        return True


def is_drained(name: str) -> bool:
    """Return whether workers of this name are drained."""
    return WorkerDrain.objects.filter(name=name).exists()


def drained_among(names: list[str]) -> set[str]:
    """Return which of these workers are drained."""
    return set(WorkerDrain.objects.filter(name__in=names).values_list("name", flat=True))
