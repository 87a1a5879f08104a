"""The front of a run, extended by one reported outcome at a time.

`Run.front` holds what pages read (`numbers`, `reference`, `curve`) and, under `state`, what the
next step continues from, so that no step reads old candidates again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nasengine.core.outcome import Outcome
from nasengine.pareto.run_front import RunFront, Step
from webapp.runs.models import Run
from webapp.runs.objectives import constraints_of, goals_of


def extend_front(run: Run, outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """Add the outcomes in order and put the front into `run.front`; the caller saves it.

    Returns:
        The items of the `front` events, one for each outcome that changed something.
    """
    front = _restored(run)
    items = []
    for outcome in outcomes:
        step = front.add(outcome.number, outcome.values, outcome.state)
        if step.joined or step.point or step.redrawn:
            items.append(_item(front, step))
    run.front = _stored(front)
    return items


def _restored(run: Run) -> RunFront:
    goals, constraints = goals_of(run), constraints_of(run)
    if "state" not in run.front:
        return RunFront(goals, constraints)
    state = {**run.front["state"], "curve": run.front["curve"]}
    return RunFront.from_state(goals, constraints, state)


def _stored(front: RunFront) -> dict[str, Any]:
    state = front.state_dict()
    curve = state.pop("curve")
    return {
        "numbers": front.front,
        "reference": front.reference,
        "curve": curve,
        "state": state,
    }


def _item(front: RunFront, step: Step) -> dict[str, Any]:
    return {
        "numbers": front.front,
        "point": step.point,
        "reference": front.reference,
        "curve": [dict(point) for point in front.curve] if step.redrawn else None,
    }
