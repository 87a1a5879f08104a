"""Values of a lease's columns: the same for candidates and jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from django.conf import settings
from django.db.models import DurationField, Exists, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Now

from webapp.runs.models import WorkerDrain, WorkerSlot

from .cards import fits
from .turns import Turn

__all__ = ["Turn", "Verdict"]  # what workers import
Verdict = Literal["go", "cancel", "lost"]


def may_claim(slot: WorkerSlot) -> Q:
    """Return the condition of a claim's UPDATE: the worker is not drained and has the device."""
    return fits(slot) & Q(~Exists(WorkerDrain.objects.filter(name=slot.name)))


def claimed_by(slot: WorkerSlot) -> dict[str, Any]:
    """Return the columns of work that this worker claims now."""
    return {
        "slot": slot,
        "lease_until": Now() + settings.LEASE_LENGTH,
        "fence": F("fence") + 1,
        "attempts": F("attempts") + 1,
        "started_at": Now(),
        "cancel_asked": False,
    }


def released() -> dict[str, Any]:
    """Return the columns of work that its worker returns; the claim is no attempt."""
    return {
        "slot": None,
        "lease_until": None,
        "attempts": F("attempts") - 1,
        "started_at": None,
    }


def extend(held: QuerySet[Any]) -> Verdict:
    """Extend the lease of held work, a queryset of at most one row.

    Returns:
        "go" to continue, "cancel" if the work is to be cancelled, "lost" if the claim is no
        longer valid.
    """
    if not held.update(lease_until=Now() + settings.LEASE_LENGTH):
        return "lost"
    return "cancel" if held.filter(cancel_asked=True).exists() else "go"


def lateness() -> ExpressionWrapper:
    """Return for how long a lease has been over, as an expression."""
    return ExpressionWrapper(Now() - F("lease_until"), output_field=DurationField())


def silence_of(work: Any, late: timedelta) -> str:
    """Return why work was taken from its worker, whose lease ended `late` ago."""
    silent = late.total_seconds() + settings.LEASE_SECONDS
    worker = work.slot.name if work.slot else "unknown"
    return f"no heartbeat from worker {worker} for {silent:.0f} s"
