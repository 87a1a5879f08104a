"""Reaper: requeue the candidates of dead workers and mark silent workers as stopped."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from webapp.runs.models import (
    WAITING_CANDIDATES,
    Candidate,
    CandidateState,
    Run,
    RunState,
    WorkerSlot,
)

from .cards import larger_card, no_larger
from .finishing import end_candidate
from .leases import lateness, silence_of
from .locking import locked_run
from .notifications import wake_coordinator, wake_workers
from .record import record_candidates, record_log, record_run

FORGOTTEN_AFTER = 10  # leases without a heartbeat, then a worker counts as stopped


def reap() -> int:
    """Requeue candidates whose lease has expired; return how many.

    A candidate that has lost settings.MAX_ATTEMPTS workers fails instead, because it may be what
    kills them.
    """
    expired = Candidate.objects.filter(state=CandidateState.RUNNING, lease_until__lt=Now())
    reaped = 0
    for candidate_id, run_id in list(expired.order_by("pk").values_list("pk", "run_id")):
        try:
            with locked_run(run_id) as run:
                candidate = expired.filter(pk=candidate_id).annotate(late=lateness()).first()
                if candidate is not None:
                    _take_back(run, candidate, candidate.late)
                    reaped += 1
        except Run.DoesNotExist:
            continue
    _end_too_large()
    _retire_silent_slots()
    return reaped


def _take_back(run: Run, candidate: Candidate, late: timedelta) -> None:
    """Requeue, fail or cancel a candidate whose lease expired `late` ago."""
    reason = silence_of(candidate, late)
    if not try_again(run, candidate, reason):
        text = f"lost {candidate.attempts} workers; last: {reason}"
        end_candidate(run, candidate, CandidateState.FAILED, text)
        record_run(run)
        wake_coordinator(run.pk)


def try_again(run: Run, candidate: Candidate, reason: str) -> bool:
    """Requeue a candidate of a locked run whose attempt was interrupted.

    If it or its run was to end, it is cancelled. Return False, and change nothing, if it has had
    settings.MAX_ATTEMPTS attempts.
    """
    if candidate.cancel_asked or run.state not in (
        RunState.RUNNING,
        RunState.PAUSING,
        RunState.PAUSED,
    ):
        end_candidate(
            run, candidate, CandidateState.CANCELLED, f"{run.reason or 'run ended'}; {reason}"
        )
    elif candidate.attempts >= settings.MAX_ATTEMPTS:
        return False
    else:
        _queue_again(run, candidate, reason)
    record_run(run)
    wake_coordinator(run.pk)
    return True


def _queue_again(run: Run, candidate: Candidate, reason: str) -> None:
    candidate.state = CandidateState.LOST
    candidate.reason = reason
    candidate.lease_until = None
    candidate.save(update_fields=["state", "reason", "lease_until"])
    record_candidates(run, [candidate.pk])
    record_log(run, "warning", f"lost: {reason}; queued again", candidate.number)
    wake_workers([candidate.queue])


def _end_too_large() -> None:
    """End candidates that wait for a larger card, once no live worker has had one for a while."""
    waiting = Candidate.objects.filter(
        state__in=WAITING_CANDIDATES,
        memory_above__isnull=False,
        queued_at__lt=Now() - FORGOTTEN_AFTER * settings.LEASE_LENGTH,
    )
    for candidate_id, run_id in list(waiting.values_list("pk", "run_id")):
        with locked_run(run_id) as run:
            candidate = waiting.filter(pk=candidate_id).first()
            if candidate and not larger_card(candidate.queue, candidate.memory_above or 0):
                end_candidate(run, candidate, CandidateState.FAILED, no_larger(candidate))
                record_run(run)
                wake_coordinator(run.pk)


def _retire_silent_slots() -> None:
    limit = Now() - FORGOTTEN_AFTER * settings.LEASE_LENGTH
    WorkerSlot.objects.filter(stopped_at=None, last_seen__lt=limit).update(
        stopped_at=F("last_seen")
    )
