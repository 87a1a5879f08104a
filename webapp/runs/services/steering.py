"""Steering a running search: a target in the objective space, near which it prefers candidates.

A target waits on the run until the ask-tell step hands it to the strategy before the next
proposal; from then on it is part of the strategy's state, so the run resumes exactly. The run
keeps every target with the number of the first candidate that it counts for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from nasengine import catalog
from webapp.accounts.models import User
from webapp.runs.imported import is_imported
from webapp.runs.models import Run
from webapp.runs.objectives import goals_of_run

from .control import ControlRefused, controlled, name_of
from .record import record_log

MAX_TARGETS = 200
MAX_TARGET = 1e15  # magnitude of a value, in the unit of its objective


def may_steer(run: Run) -> bool:
    """Return whether the run can be steered: its method can, and it has a front of its own."""
    if is_imported(run) or run.study_id is not None or len(goals_of_run(run)) < 2:
        return False
    can: bool = catalog.load("strategies", run.strategy).can_steer
    return can


def target_of(run: Run) -> dict[str, float] | None:
    """Return the newest target of the run, None if it prefers no part of the front."""
    return run.steering[-1]["target"] if run.steering else None


def steer(run: Run, target: Mapping[str, float] | None, user: User | None) -> None:
    """Prefer candidates close to a target from the next proposal on.

    Args:
        run: the run.
        target: values of at least one objective by name; None prefers no part of the front.
        user: who steers it; None for the command line.

    Raises:
        ControlRefused: the run cannot be steered, or the target is wrong.
    """
    with controlled(run, "steer", user) as locked:
        if not may_steer(locked):
            raise ControlRefused(_why_not(locked))
        goals = {goal["name"]: goal for goal in goals_of_run(locked)}
        if target is not None:
            _check(target, list(goals))
        taken = [change for change in locked.steering if change["from"] is not None]
        if len(taken) >= MAX_TARGETS:
            raise ControlRefused(f"the run was steered {MAX_TARGETS} times, the most allowed")
        values = None if target is None else {name: float(v) for name, v in target.items()}
        locked.steering = [*taken, {"target": values, "by": name_of(user), "from": None}]
        locked.save(update_fields=["steering"])
        record_log(locked, "info", f"{_in_words(values, goals)} by {name_of(user)}")


def _check(target: Mapping[str, float], names: list[str]) -> None:
    if not target:
        raise ControlRefused(f"a target needs a value of {' or '.join(names)}")
    for name, value in target.items():
        if name not in names:
            raise ControlRefused(
                f"the run has no objective {name[:40]!r}; it has {', '.join(names)}"
            )
        if not math.isfinite(value):
            raise ControlRefused(f"the target of {name} must be a number (got {value})")
        if abs(value) > MAX_TARGET:
            raise ControlRefused(
                f"the target of {name} must be at most {MAX_TARGET:g} in size (got {value:g})"
            )


def _why_not(run: Run) -> str:
    if run.study_id is not None:
        return "a run of a study is not steered, because its study compares it with others"
    if len(goals_of_run(run)) < 2:
        return "a run with one objective has no front to steer on"
    able = [n for n in catalog.names("strategies") if catalog.load("strategies", n).can_steer]
    return f"strategy {run.strategy} cannot be steered; these can: {', '.join(able)}"


def _in_words(target: dict[str, float] | None, goals: Mapping[str, Mapping[str, str]]) -> str:
    if target is None:
        return "steered to the whole front"
    parts = [f"{name} {value:.4g} {goals[name]['unit']}".strip() for name, value in target.items()]
    return f"steered to {', '.join(parts)}"
