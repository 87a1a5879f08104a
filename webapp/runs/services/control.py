"""Steering a run: pause, resume, stop, cancel, raise the budget.

Pause keeps a run resumable and lets what runs finish; stop ends it for good but lets what
runs finish; cancel ends it now. Each is a change of state that workers and coordinator
find in the database, so nothing is forgotten when one of them restarts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from webapp.runs.models import Candidate, CandidateState, Run, RunState

from .finishing import cancel_waiting
from .locking import locked_run
from .notifications import wake_coordinator, wake_workers
from .record import record_log, record_run
from .states import move

MOVING = (RunState.QUEUED, RunState.RUNNING)
RESTING = (RunState.PAUSING, RunState.PAUSED)
ALLOWED_IN: dict[str, tuple[RunState, ...]] = {
    "pause": MOVING,
    "resume": RESTING,
    "stop": (*MOVING, *RESTING),
    "cancel": (*MOVING, *RESTING, RunState.STOPPING),
    "raise_budget": (*MOVING, *RESTING, RunState.FINISHED),
}
MAX_BUDGET = 100_000


class ControlRefused(Exception):
    """The run's state does not allow that, or the value is out of its range."""


def allowed(run: Run) -> list[str]:
    """The names of the actions the run's state allows."""
    return [action for action, states in ALLOWED_IN.items() if run.state in states]


def pause(run: Run, user: Any) -> None:
    """Hands no more candidates out; what runs finishes, then the run is paused.

    Raises:
        ControlRefused: the run neither waits nor runs.
    """
    with _steered(run, "pause") as locked:
        busy = locked.candidates.filter(state=CandidateState.RUNNING).exists()
        state = RunState.PAUSING if busy else RunState.PAUSED
        move(locked, state, f"paused by {_name(user)}")


def resume(run: Run, user: Any) -> None:
    """Hands candidates out again.

    Raises:
        ControlRefused: the run is not paused.
    """
    with _steered(run, "resume") as locked:
        move(locked, RunState.RUNNING if locked.asked else RunState.QUEUED)
        record_log(locked, "info", f"resumed by {_name(user)}")
        wake_workers(_waiting_queues(locked))


def stop(run: Run, user: Any) -> None:
    """Ends the run: what waits is cancelled, what runs finishes.

    Raises:
        ControlRefused: the run has ended or is stopping already.
    """
    with _steered(run, "stop") as locked:
        reason = f"stopped by {_name(user)}"
        move(locked, RunState.STOPPING, reason)
        cancel_waiting(locked, f"the run was {reason}")


def cancel(run: Run, user: Any) -> None:
    """Ends the run now: what waits is cancelled, what runs is told to give up.

    Raises:
        ControlRefused: the run has ended already.
    """
    with _steered(run, "cancel") as locked:
        reason = f"cancelled by {_name(user)}"
        move(locked, RunState.STOPPING, reason)
        cancel_waiting(locked, f"the run was {reason}")
        locked.candidates.filter(state=CandidateState.RUNNING).update(cancel_asked=True)


def raise_budget(run: Run, user: Any, candidates: int) -> None:
    """Lets the run ask for more candidates in all; a finished run goes on.

    Raises:
        ControlRefused: the run has failed or was stopped, or the number is not larger
            than the present budget.
    """
    with _steered(run, "raise_budget") as locked:
        if not locked.candidate_budget < candidates <= MAX_BUDGET:
            raise ControlRefused(
                f"{candidates} is no larger budget: give a number above "
                f"{locked.candidate_budget}, at most {MAX_BUDGET:,}"
            )
        record_log(
            locked,
            "info",
            f"budget raised from {locked.candidate_budget} to {candidates} by {_name(user)}",
        )
        locked.candidate_budget = candidates
        locked.spec = {**locked.spec, "candidates": candidates}
        locked.save(update_fields=["candidate_budget", "spec"])
        if locked.state == RunState.FINISHED:
            move(locked, RunState.RUNNING)


@contextmanager
def _steered(run: Run, action: str) -> Iterator[Run]:
    """The locked run, once the action is allowed; its row is recorded afterwards.

    The caller's own object is brought up to date, so that its page shows what is true.
    """
    with locked_run(run.pk) as locked:
        if action not in allowed(locked):
            word = action.replace("_", " ")
            raise ControlRefused(f"a {locked.state} run has no {word}; reload the page")
        yield locked
        record_run(locked)
        wake_coordinator(locked.pk)
    run.refresh_from_db()


def _waiting_queues(run: Run) -> list[str]:
    waiting = run.candidates.filter(ended_order=None).exclude(state=CandidateState.RUNNING)
    return list(Candidate.objects.filter(pk__in=waiting).values_list("queue", flat=True))


def _name(user: Any) -> str:
    return user.get_username() if user is not None else "the command line"
