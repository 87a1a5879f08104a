"""Claims on jobs: one conditional UPDATE, a lease in database time, a fencing token.

Every function is safe to call twice, late or never: a worker that was frozen, disconnected or
declared lost has an old fencing token, and its reports are refused. See docs/state.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from webapp.common import telemetry
from webapp.events.clean import clean_text
from webapp.limits import MAX_REASON
from webapp.runs.models import WorkerSlot
from webapp.runs.services.cards import handed_back, larger_card, no_larger
from webapp.runs.services.fleet_news import announce_fleet
from webapp.runs.services.leases import (
    Verdict,
    claimed_by,
    extend,
    lateness,
    may_claim,
    released,
    silence_of,
)
from webapp.runs.services.notifications import wake_workers
from webapp.runs.services.reaper import FORGOTTEN_AFTER
from webapp.runs.services.shares import leased_models
from webapp.runs.services.turns import Turn, turns_of

from .models import MAX_ACTIVITY, OPEN_JOBS, Job, JobState

J = TypeVar("J", bound=Job)


@dataclass(frozen=True)
class Held(Generic[J]):
    """A worker's claim on a job: its table, its key and the fencing token of the claim."""

    model: type[J]
    pk: int
    fence: int

    @property
    def rows(self) -> QuerySet[J]:
        """The job, if the claim is still valid: one row or none."""
        rows: QuerySet[J] = self.model._default_manager.filter(
            pk=self.pk, fence=self.fence, state=JobState.RUNNING
        )
        return rows


def job_models() -> list[type[Job]]:
    """Return the tables of every kind of job."""
    return [model for model in leased_models() if issubclass(model, Job)]


def turns(model: type[J], queues: list[str], owner: str) -> list[Turn]:
    """Return the next queued jobs of these queues, in the order of `turns_of`.

    Args:
        model: the table of the jobs.
        queues: the queues that a worker serves.
        owner: field of what the jobs belong to, as "evaluation".
    """
    queued = model._default_manager.filter(state=JobState.QUEUED, queue__in=queues)
    return turns_of(queued, owner, "priority", ("queued_at", "pk"))


def claim(model: type[J], pk: int, slot: WorkerSlot, **columns: Any) -> Held[J] | None:
    """Claim a queued job and set these columns.

    Returns:
        None if it is not queued any more or the worker is drained.
    """
    queued = model._default_manager.filter(may_claim(slot), pk=pk, state=JobState.QUEUED)
    values = {"reason": "", "progress": 0.0, "activity": "", **columns, **claimed_by(slot)}
    with transaction.atomic():
        if not queued.update(state=JobState.RUNNING, **values):
            return None
        fence = model._default_manager.values_list("fence", flat=True).get(pk=pk)
        announce_fleet()
    return Held(model, pk, fence)


def heartbeat(held: Held[J]) -> Verdict:
    """Extend the lease; see `leases.extend` for the answer."""
    return extend(held.rows)


def report(held: Held[J], share: float, activity: str = "", **columns: Any) -> bool:
    """Store the progress; return False if the claim is no longer valid."""
    share, activity = min(max(share, 0.0), 1.0), clean_text(activity)[:MAX_ACTIVITY]
    changed = held.rows.update(progress=share, activity=activity, **columns)
    announce_fleet()
    return bool(changed)


def finish(held: Held[J], state: JobState, reason: str = "", **columns: Any) -> bool:
    """End the job; return False if the claim is no longer valid.

    Safe to call twice: the second call changes nothing.
    """
    changed = held.rows.update(**_ended(state, reason), **columns)
    if changed and telemetry.is_on():
        times = held.model._default_manager.values_list("queue", "queued_at", "started_at")
        name = held.model._meta.model_name or ""
        telemetry.record_work(name, state, *times.get(pk=held.pk))
    announce_fleet()
    return bool(changed)


def release(held: Held[J]) -> bool:
    """Return the job to its queue; the claim does not count as an attempt."""
    queue = held.rows.values_list("queue", flat=True).first()
    changed = held.rows.update(state=JobState.QUEUED, **released())
    if changed and queue:
        wake_workers([queue])
    announce_fleet()
    return bool(changed)


def hand_back(held: Held[J], reason: str, memory: int | None = None) -> bool:
    """Return the job to its queue for another worker; see `cards.handed_back`."""
    queue = held.rows.values_list("queue", flat=True).first()
    columns = {**handed_back(clean_text(reason)[:MAX_REASON], memory), "activity": ""}
    changed = held.rows.update(state=JobState.QUEUED, **columns)
    if changed and queue:
        wake_workers([queue])
    return bool(changed)


def cancel(jobs: QuerySet[J], reason: str) -> int:
    """Cancel jobs: queued ones now, running ones at the next heartbeat; return how many."""
    with transaction.atomic():
        queued = jobs.filter(state=JobState.QUEUED).update(**_ended(JobState.CANCELLED, reason))
        return queued + jobs.filter(state=JobState.RUNNING).update(cancel_asked=True)


def queue_again(jobs: QuerySet[J], **columns: Any) -> int:
    """Queue jobs that did not end as done once more, with new attempts; return how many."""
    again = jobs.exclude(state__in=[*OPEN_JOBS, JobState.DONE])
    queues = set(again.order_by().values_list("queue", flat=True))
    number = again.update(
        state=JobState.QUEUED,
        reason="",
        progress=0.0,
        activity="",
        attempts=0,
        kept_epochs=0,
        memory_above=None,
        cancel_asked=False,
        slot=None,
        queued_at=Now(),
        started_at=None,
        ended_at=None,
        **columns,
    )
    announce(queues)
    return number


def announce(queues: Iterable[str]) -> None:
    """After commit, make the workers of these queues look for jobs."""
    wake_workers(queues)


def reap(model: type[J]) -> int:
    """Queue jobs again whose lease has expired; return how many.

    A job that has lost settings.MAX_ATTEMPTS workers fails instead, because it may be what kills
    them; one that was to be cancelled is cancelled.
    """
    expired = model._default_manager.filter(state=JobState.RUNNING, lease_until__lt=Now())
    reaped = 0
    for job in expired.annotate(late=lateness()).select_related("slot").order_by("pk"):
        reason = silence_of(job, getattr(job, "late"))  # noqa: B009  annotated above
        same = expired.filter(pk=job.pk, fence=job.fence)
        text = f"lost {job.attempts} workers; last: {reason}"
        if same.update(**(_again(job, reason) or _ended(JobState.FAILED, text))):
            reaped += 1
            wake_workers([job.queue])
    _end_too_large(model)
    return reaped


def interrupted(held: Held[J], reason: str) -> bool:
    """Queue the job again because its trainer process died: it continues at its checkpoint.

    Returns:
        False if it has had settings.MAX_ATTEMPTS attempts without progress, or the claim is no
        longer valid.
    """
    job = held.rows.first()
    values = None if job is None else _again(job, clean_text(reason))
    if job is None or values is None or not held.rows.update(**values):
        return False
    wake_workers([job.queue])
    announce_fleet()
    return True


def _again(job: Job, reason: str) -> dict[str, Any] | None:
    """Return the columns of an interrupted job that waits again, or is cancelled on request.

    None if it has had settings.MAX_ATTEMPTS attempts.
    """
    if job.cancel_asked:
        return _ended(JobState.CANCELLED, f"cancelled on request; {reason}")
    if job.attempts >= settings.MAX_ATTEMPTS:
        return None
    values = {"state": JobState.QUEUED, "lease_until": None, "progress": 0.0, "activity": ""}
    return values | {"reason": f"{reason}; queued again"[-MAX_REASON:]}


def _end_too_large(model: type[J]) -> None:
    """End jobs that wait for a larger card, once no live worker has had one for a while."""
    waiting = model._default_manager.filter(
        state=JobState.QUEUED,
        memory_above__isnull=False,
        queued_at__lt=Now() - FORGOTTEN_AFTER * settings.LEASE_LENGTH,
    )
    for job in waiting:
        if not larger_card(job.queue, job.memory_above or 0):
            waiting.filter(pk=job.pk).update(**_ended(JobState.FAILED, no_larger(job)))


def _ended(state: JobState, reason: str) -> dict[str, Any]:
    """Return the columns of a job that ends now."""
    text = clean_text(reason)[:MAX_REASON]
    values: dict[str, Any] = {"state": state, "reason": text, "activity": ""}
    values |= {"lease_until": None, "ended_at": Now()}
    return values | ({"progress": 1.0} if state == JobState.DONE else {})


def waiting_queues(jobs: QuerySet[J]) -> set[str]:
    """Return the queues in which some of these jobs wait."""
    queued = jobs.filter(state=JobState.QUEUED).order_by()
    return set(queued.values_list("queue", flat=True).distinct())
