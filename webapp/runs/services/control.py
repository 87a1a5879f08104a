"""Controlling a run: pause, resume, stop, cancel, raise the budget.

Pause lets running candidates finish and keeps the run resumable. Stop lets running candidates
finish and ends the run. Cancel ends the run now. Each is a change of state in the database, so
nothing is lost if a worker or the coordinator restarts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from nasengine.core.search_spec import LIMITS
from nasengine.execution.budget_settings import MAX_LIMIT
from webapp.accounts.models import User
from webapp.accounts.services import audit
from webapp.limits import MAX_CANDIDATES
from webapp.runs.imported import is_imported
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
    "retry_failed": (*MOVING, *RESTING, RunState.FINISHED),
    "steer": (*MOVING, *RESTING),
}


class ControlRefused(Exception):
    """The run's state does not allow the action, or a value is out of its range."""


def allowed(run: Run) -> list[str]:
    """Return the names of the actions that the run's state allows; an imported run has none."""
    if is_imported(run):
        return []
    return [action for action, states in ALLOWED_IN.items() if run.state in states]


def pause(run: Run, user: User | None) -> None:
    """Hand out no more candidates; the run is paused once its running candidates have ended.

    Raises:
        ControlRefused: the run is not queued or running.
    """
    with controlled(run, "pause", user) as locked:
        busy = locked.candidates.filter(state=CandidateState.RUNNING).exists()
        state = RunState.PAUSING if busy else RunState.PAUSED
        move(locked, state, f"paused by {name_of(user)}")


def resume(run: Run, user: User | None) -> None:
    """Continue a paused run.

    Raises:
        ControlRefused: the run is not paused.
    """
    with controlled(run, "resume", user) as locked:
        move(locked, RunState.RUNNING if locked.asked else RunState.QUEUED)
        record_log(locked, "info", f"resumed by {name_of(user)}")
        wake_workers(_waiting_queues(locked))


def stop(run: Run, user: User | None, because: str = "") -> None:
    """End the run: cancel waiting candidates, let running ones finish.

    Args:
        run: the run.
        user: who stops it; None for the command line and for the workbench itself.
        because: the reason; by default who stopped it.

    Raises:
        ControlRefused: the run has ended or is already stopping.
    """
    with controlled(run, "stop", user) as locked:
        reason = because or f"stopped by {name_of(user)}"
        move(locked, RunState.STOPPING, reason)
        cancel_waiting(locked, f"the run was {reason}")


def cancel(run: Run, user: User | None) -> None:
    """End the run now: cancel waiting candidates and ask workers to cancel running ones.

    Raises:
        ControlRefused: the run has ended.
    """
    with controlled(run, "cancel", user) as locked:
        reason = f"cancelled by {name_of(user)}"
        move(locked, RunState.STOPPING, reason)
        cancel_waiting(locked, f"the run was {reason}")
        locked.candidates.filter(state=CandidateState.RUNNING).update(cancel_asked=True)


def raise_budget(
    run: Run, user: User | None, candidates: int, limits: Mapping[str, float] | None = None
) -> None:
    """Set a larger total number of candidates, or larger limits; a finished run continues.

    Args:
        run: the run.
        user: who raises it; None for the command line.
        candidates: the total number; as before if only a limit is raised.
        limits: new values of max_hours, max_gpu_hours and max_kwh; 0: no limit.

    Raises:
        ControlRefused: the run has failed or was stopped, nothing is larger than before, or a
            limit is smaller than before or no limit of the run.
    """
    with controlled(run, "raise_budget", user) as locked:
        raised = _raised_limits(locked, limits or {})
        same = bool(raised) and candidates == locked.candidate_budget
        if not same and not locked.candidate_budget < candidates <= MAX_CANDIDATES:
            raise ControlRefused(
                f"the budget must be above {locked.candidate_budget} and at most "
                f"{MAX_CANDIDATES:,} (got {candidates})"
            )
        text = f"budget raised from {locked.candidate_budget} to {candidates}" if not same else ""
        texts = [f"{name} to {value:g}" for name, value in raised.items()]
        words = ", ".join(filter(None, [text, *texts]))
        record_log(locked, "info", f"{words} by {name_of(user)}")
        locked.candidate_budget = candidates
        locked.spec = {**locked.spec, "candidates": candidates, **raised}
        locked.save(update_fields=["candidate_budget", "spec"])
        if locked.state == RunState.FINISHED:
            move(locked, RunState.RUNNING)


def ensure_budget(
    run: Run, user: User | None, candidates: int | None, limits: Mapping[str, float]
) -> None:
    """Raise the budget as `raise_budget` does, unless the run has it: safe to repeat.

    Args:
        run: the run.
        user: who raises it.
        candidates: the total number; None: as before.
        limits: as for `raise_budget`.

    Raises:
        ControlRefused: as for `raise_budget`.
    """
    with locked_run(run.pk) as locked:
        total = locked.candidate_budget if candidates is None else candidates
        has_it = total == locked.candidate_budget and not _raised_limits(locked, limits)
        if not has_it or "raise_budget" not in allowed(locked):
            raise_budget(locked, user, total, limits)
    run.refresh_from_db()


def _raised_limits(run: Run, limits: Mapping[str, float]) -> dict[str, float]:
    """Return the limits that are larger than before.

    Raises:
        ControlRefused: a limit is smaller than before, or the run does not have it.
    """
    raised = {}
    for name, value in limits.items():
        before = run.spec.get(name)
        if name not in LIMITS or not before:
            raise ControlRefused(f"the run has no limit {name[:40]}")
        if value != 0 and not before <= value <= MAX_LIMIT:
            raise ControlRefused(
                f"{name} must be at least {before:g}, or 0 for no limit (got {value:g})"
            )
        if value != before:
            raised[name] = value
    return raised


def set_priority(run: Run, user: User | None, priority: int) -> None:
    """Change the priority of the run's candidates from now on.

    Raises:
        ControlRefused: the run has ended or is stopping, or there is no such priority.
    """
    with controlled(run, "set_priority", user) as locked:
        if priority not in Priority.values:
            allowed_values = ", ".join(map(str, Priority.values))
            raise ControlRefused(f"the priority must be one of {allowed_values} (got {priority})")
        text = f"priority changed from {locked.priority} to {priority} by {name_of(user)}"
        record_log(locked, "info", text)
        locked.priority = priority
        locked.save(update_fields=["priority"])


@contextmanager
def controlled(run: Run, action: str, user: User | None) -> Iterator[Run]:
    """Yield the locked run if the action is allowed; record its row and who did it afterwards.

    The caller's object is refreshed, so that its page shows the new state.
    """
    with locked_run(run.pk) as locked:
        if action not in allowed(locked):
            words = action.replace("_", " ")
            raise ControlRefused(f"cannot {words} a {locked.state} run: reload the page")
        yield locked
        record_run(locked)
        _audit(locked, action, user)
        wake_coordinator(locked.pk)
    run.refresh_from_db()


def _audit(run: Run, action: str, user: User | None) -> None:
    text = f"{action.replace('_', ' ')}: run {run.pk} {run.name}"
    if action == "raise_budget":
        text += f", to {run.candidate_budget} candidates"
    link, who = f"/runs/{run.pk}/", name_of(user)
    audit.record("control", text, user=user, who=who, team=run.team, link=link)


def _waiting_queues(run: Run) -> list[str]:
    waiting = run.candidates.filter(ended_order=None).exclude(state=CandidateState.RUNNING)
    return list(Candidate.objects.filter(pk__in=waiting).values_list("queue", flat=True))


def name_of(user: User | None) -> str:
    return user.get_username() if user is not None else "the command line"
