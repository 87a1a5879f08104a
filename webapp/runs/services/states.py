"""Changing the state of a run."""

from __future__ import annotations

from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, FloatField
from django.db.models.functions import Cast, Extract, Now

from webapp.events.clean import clean_text
from webapp.limits import MAX_REASON
from webapp.runs.models import ENDED_RUNS, CandidateState, Run, RunState

from .finishing import cancel_waiting
from .parts import stop_paused
from .record import record_log

TIMES = ["started_at", "ended_at", "rested_at", "rested_seconds"]


def move(run: Run, state: RunState, reason: str = "") -> None:
    """Store the new state of a locked run with its reason and times."""
    run.state = state
    run.reason = clean_text(reason)[:MAX_REASON]
    if state == RunState.RUNNING and run.started_at is None:
        run.started_at = Now()
    run.ended_at = Now() if state in ENDED_RUNS else None
    _count_rest(run)
    if state in ENDED_RUNS:
        stop_paused(run, run.reason or "the run ended")
        run.retries_waiting = []
    run.save(update_fields=["state", "reason", "retries_waiting", *TIMES])
    run.refresh_from_db(fields=TIMES)


def _count_rest(run: Run) -> None:
    """Note when a run stops working; when it works again, add up how long it has rested."""
    if run.state in (RunState.PAUSED, *ENDED_RUNS):
        run.rested_at = run.rested_at or Now()
    elif run.rested_at is not None:
        rest: Any = Extract(ExpressionWrapper(Now() - F("rested_at"), DurationField()), "epoch")
        run.rested_seconds = F("rested_seconds") + Cast(rest, FloatField())
        run.rested_at = None


def fail(run: Run, reason: str) -> None:
    """End the run as failed: cancel waiting candidates, ask workers to cancel running ones."""
    move(run, RunState.FAILED, reason)
    cancel_waiting(run, "the run failed")
    run.candidates.filter(state=CandidateState.RUNNING).update(cancel_asked=True)
    record_log(run, "error", reason)


def finish_transition(run: Run) -> bool:
    """Turn pausing into paused and stopping into stopped once no candidate is running.

    Returns:
        Whether the state changed.
    """
    if run.state == RunState.STOPPING:
        cancel_waiting(run, run.reason or "the run is stopping")
    if run.candidates.filter(state=CandidateState.RUNNING).exists():
        return False
    if run.state == RunState.STOPPING:
        move(run, RunState.STOPPED, run.reason)
        return True
    if run.state == RunState.PAUSING:
        move(run, RunState.PAUSED, run.reason)
        return True
    return False
