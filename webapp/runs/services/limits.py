"""Ending a run by its limits of time, GPU time and energy."""

from __future__ import annotations

from webapp.runs.cost import worked_seconds
from webapp.runs.models import Run, RunState
from webapp.runs.rows import EVALUATED
from webapp.usage.services.limits import limits_of, reason_to_end

from .finishing import cancel_waiting

MOVING = (RunState.QUEUED, RunState.RUNNING, RunState.PAUSING, RunState.PAUSED)


def limit_reached(run: Run) -> str:
    """Return why nothing more of the run starts; "" while every limit is above what is used."""
    limits = limits_of(run, worked_seconds(run))
    if not any(limit.is_reached for limit in limits):
        return ""
    evaluated = run.candidates.filter(state__in=EVALUATED).count() - run.retried
    return reason_to_end(limits, evaluated, run.candidate_budget)


def end_waiting_beyond_limits(run: Run) -> None:
    """Cancel what waits for a worker if a limit of the locked run is reached.

    Candidates in training finish and count.
    """
    if run.state in MOVING and (reason := limit_reached(run)):
        cancel_waiting(run, reason)
