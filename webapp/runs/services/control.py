"""Controlling a run: pause, resume, stop, cancel, raise the budget.

Pause lets running candidates finish and keeps the run resumable. Stop lets running candidates
finish and ends the run. Cancel ends the run now. Each is a change of state in the database, so
nothing is lost if a worker or the coordinator restarts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from webapp.accounts.models import User
from webapp.limits import MAX_CANDIDATES
from webapp.runs.leased import Priority
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
    "set_priority": (*MOVING, *RESTING),
}


class ControlRefused(Exception):
    """The run's state does not allow the action, or a value is out of its range."""


def allowed(run: Run) -> list[str]:
    """Return the names of the actions that the run's state allows."""
    return [action for action, states in ALLOWED_IN.items() if run.state in states]


def pause(run: Run, user: User | None) -> None:
    """Hand out no more candidates; the run is paused once its running candidates have ended.

    Raises:
        ControlRefused: the run is not queued or running.
    """
    with _controlled(run, "pause") as locked:
        busy = locked.candidates.filter(state=CandidateState.RUNNING).exists()
        state = RunState.PAUSING if busy else RunState.PAUSED
        move(locked, state, f"paused by {_name(user)}")


def resume(run: Run, user: User | None) -> None:
    """Continue a paused run.

    Raises:
        ControlRefused: the run is not paused.
    """
    with _controlled(run, "resume") as locked:
        move(locked, RunState.RUNNING if locked.asked else RunState.QUEUED)
        record_log(locked, "info", f"resumed by {_name(user)}")
        wake_workers(_waiting_queues(locked))


def stop(run: Run, user: User | None) -> None:
    """End the run: cancel waiting candidates, let running ones finish.

    Raises:
        ControlRefused: the run has ended or is already stopping.
    """
    with _controlled(run, "stop") as locked:
        reason = f"stopped by {_name(user)}"
        move(locked, RunState.STOPPING, reason)
        cancel_waiting(locked, f"the run was {reason}")


def cancel(run: Run, user: User | None) -> None:
    """End the run now: cancel waiting candidates and ask workers to cancel running ones.

    Raises:
        ControlRefused: the run has ended.
    """
    with _controlled(run, "cancel") as locked:
        reason = f"cancelled by {_name(user)}"
        move(locked, RunState.STOPPING, reason)
        cancel_waiting(locked, f"the run was {reason}")
        locked.candidates.filter(state=CandidateState.RUNNING).update(cancel_asked=True)


def raise_budget(run: Run, user: User | None, candidates: int) -> None:
    """Set a larger total number of candidates; a finished run continues.

    Raises:
        ControlRefused: the run has failed or was stopped, or the number is not larger than the
            current budget.
    """
    with _controlled(run, "raise_budget") as locked:
        if not locked.candidate_budget < candidates <= MAX_CANDIDATES:
            raise ControlRefused(
                f"the budget must be above {locked.candidate_budget} and at most "
                f"{MAX_CANDIDATES:,} (got {candidates})"
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


def set_priority(run: Run, user: User | None, priority: int) -> None:
    """Change the priority of the run's candidates from now on.

    Raises:
        ControlRefused: the run has ended or is stopping, or there is no such priority.
    """
    with _controlled(run, "set_priority") as locked:
        if priority not in Priority.values:
            allowed_values = ", ".join(map(str, Priority.values))
            raise ControlRefused(f"the priority must be one of {allowed_values} (got {priority})")
        text = f"priority changed from {locked.priority} to {priority} by {_name(user)}"
        record_log(locked, "info", text)
        locked.priority = priority
        locked.save(update_fields=["priority"])


@contextmanager
def _controlled(run: Run, action: str) -> Iterator[Run]:
    """Yield the locked run if the action is allowed; record its row afterwards.

    The caller's object is refreshed, so that its page shows the new state.
    """
    with locked_run(run.pk) as locked:
        if action not in allowed(locked):
            words = action.replace("_", " ")
            raise ControlRefused(f"cannot {words} a {locked.state} run: reload the page")
        yield locked
        record_run(locked)
        wake_coordinator(locked.pk)
    run.refresh_from_db()


def _waiting_queues(run: Run) -> list[str]:
    waiting = run.candidates.filter(ended_order=None).exclude(state=CandidateState.RUNNING)
    return list(Candidate.objects.filter(pk__in=waiting).values_list("queue", flat=True))


def _name(user: User | None) -> str:
    return user.get_username() if user is not None else "the command line"
