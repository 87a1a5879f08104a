"""Retrying failed candidates: the strategy proposes their architectures again as new candidates.

A request waits on the run until the ask-tell step takes it up, before it asks the strategy for
anything else, so a retry has a number like any proposal and the run resumes exactly. The original
keeps its state, log and values and no longer counts towards the budget; the retry counts in its
place. The strategy learns from both: the retry is an extra evaluation (docs/state.md).
"""

from __future__ import annotations

from django.db.models import QuerySet

from nasengine import catalog
from nasengine.core.strategy import Strategy
from webapp.accounts.models import User
from webapp.runs.imported import is_imported
from webapp.runs.models import Candidate, CandidateState, Run, RunState

from .control import ControlRefused, controlled, name_of
from .record import record_candidates, record_log
from .states import move

RETRYABLE = (CandidateState.FAILED, CandidateState.DIVERGED)
MAX_AT_ONCE = 1000


def retry(run: Run, number: int, user: User | None) -> None:
    """Evaluate the architecture of a failed candidate again as a new candidate.

    Raises:
        ControlRefused: the candidate has not failed or was retried, the run is over, or its
            strategy cannot repeat a proposal.
    """
    with controlled(run, "retry_failed", user) as locked:
        candidate = locked.candidates.filter(number=number).first()
        if candidate is None:
            raise ControlRefused(f"the run has no candidate {number}")
        if candidate.state not in RETRYABLE:
            raise ControlRefused(
                f"candidate {number} is {candidate.state}; only a failed or diverged one can be "
                "retried"
            )
        _ask_for(locked, _open_to_retry(locked).filter(number=number), user, f"candidate {number}")


def retry_failed(run: Run, user: User | None) -> None:
    """Retry every failed candidate of the run that was not retried yet.

    Raises:
        ControlRefused: there is none, the run is over, or its strategy cannot repeat a proposal.
    """
    with controlled(run, "retry_failed", user) as locked:
        _ask_for(locked, _open_to_retry(locked), user, "every failed candidate")


def may_repeat(run: Run) -> bool:
    """Return whether the strategy of the run can propose an architecture again."""
    if is_imported(run):
        return False
    return catalog.load("strategies", run.strategy).repeat is not Strategy.repeat


def retried_as(run: Run, number: int) -> int | None:
    """Return the number of the candidate that repeats this one; None if none does."""
    return run.candidates.filter(retry_of=number).values_list("number", flat=True).first()


def can_retry(run: Run, candidate: Candidate, retry_number: int | None) -> bool:
    """Return whether a page offers the retry of a candidate whose retry is `retry_number`."""
    return (
        candidate.state in RETRYABLE
        and candidate.proposal.get("task", "evaluate") == "evaluate"
        and retry_number is None
        and candidate.number not in run.retries_waiting
        and may_repeat(run)
    )


def count_retryable(run: Run, counts: dict[str, int]) -> int:
    """Return about how many failed candidates were not retried, without a query."""
    failed = sum(counts[state] for state in RETRYABLE)
    return max(0, failed - run.retried - len(run.retries_waiting)) if may_repeat(run) else 0


def _open_to_retry(run: Run) -> QuerySet[Candidate]:
    """Return the failed candidates that were not retried; a step of a supernet is none."""
    retried = run.candidates.filter(retry_of__isnull=False).values("retry_of")
    failed = run.candidates.filter(state__in=RETRYABLE).exclude(
        proposal__contains={"task": "share"}
    )
    return failed.exclude(number__in=retried).exclude(number__in=run.retries_waiting)


def _ask_for(run: Run, candidates: QuerySet[Candidate], user: User | None, what: str) -> None:
    if not may_repeat(run):
        raise ControlRefused(f"strategy {run.strategy} cannot evaluate an architecture again")
    rows = candidates.order_by("number").values_list("number", "pk")
    keys = dict(rows[:MAX_AT_ONCE])
    if not keys:
        raise ControlRefused(f"{what} was retried already, or is no evaluation of an architecture")
    run.retries_waiting = [*run.retries_waiting, *keys]
    run.save(update_fields=["retries_waiting"])
    for number in keys:
        record_log(run, "info", f"retry asked for by {name_of(user)}", number)
    record_candidates(run, keys.values())
    if run.state == RunState.FINISHED:
        move(run, RunState.RUNNING)
