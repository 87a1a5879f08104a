"""Values of a lease's columns, and whose turn it is: the same for candidates and jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.conf import settings
from django.db.models import DurationField, ExpressionWrapper, F, QuerySet
from django.db.models.functions import Now

from webapp.runs.models import WorkerSlot

Verdict = Literal["go", "cancel", "lost"]
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Turn:
    """Waiting work of one owner (a run, an evaluation, an export), with what decides its turn.

    Attributes:
        pk: the key of the work.
        owner: the key of its owner.
        priority: work of a higher priority comes first.
        busy: how many works of the owner are running.
        served: when a work of the owner was last started; None if none was.
    """

    pk: int
    owner: int
    priority: int
    busy: int
    served: datetime | None

    @property
    def order(self) -> tuple[int, int, datetime]:
        """Sort key: priority, then the owner with the least running, then the longest waiting."""
        return (-self.priority, self.busy, self.served or NEVER)


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
