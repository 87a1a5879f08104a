"""Moving a run from state to state."""

from __future__ import annotations

from django.db.models.functions import Now

from webapp.events.clean import clean_text
from webapp.runs.models import (
    ENDED_RUNS,
    WAITING_CANDIDATES,
    CandidateState,
    Run,
    RunState,
)

from .finishing import cancel_waiting
from .record import record_log

MAX_REASON = 500


def move(run: Run, state: RunState, reason: str = "") -> None:
    """Stores the new state with its reason and times; the run's row is locked already."""
    run.state = state
    run.reason = clean_text(reason)[:MAX_REASON]
    if state == RunState.RUNNING and run.started_at is None:
        run.started_at = Now()
    run.ended_at = Now() if state in ENDED_RUNS else None
    run.save(update_fields=["state", "reason", "started_at", "ended_at"])
    run.refresh_from_db(fields=["started_at", "ended_at"])


def fail(run: Run, reason: str) -> None:
    """Ends the run as failed; what waits is cancelled, what runs is told to give up."""
    move(run, RunState.FAILED, reason)
    cancel_waiting(run, "the run failed")
    run.candidates.filter(state=CandidateState.RUNNING).update(cancel_asked=True)
    record_log(run, "error", reason)


def finish_transition(run: Run) -> bool:
    """Ends what has come to its end: pausing, stopping. True when the state moved."""
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


def has_open(run: Run) -> bool:
    """Whether any candidate waits or runs."""
    return run.candidates.filter(state__in=(*WAITING_CANDIDATES, CandidateState.RUNNING)).exists()
