"""The front of a run, grown by one told outcome at a time.

`Run.front` holds what pages read (`numbers`, `reference`, `curve`) and, under `state`, what
is needed to go on; so no advance ever looks at old candidates again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nasengine.core.outcome import Outcome
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.pareto.run_front import RunFront, Step
from webapp.runs.models import Run


def grow(run: Run, told: Iterable[Outcome]) -> list[dict[str, Any]]:
    """Tells the front these outcomes in order and puts it into `run.front`, not stored yet.

    Returns the items of the `front` events, one for each outcome that changed something.
    """
    front = _restored(run)
    items = []
    for outcome in told:
        step = front.add(outcome.number, outcome.values, outcome.state)
        if step.joined or step.point or step.redrawn:
            items.append(_item(front, step))
    run.front = _stored(front)
    return items


def _restored(run: Run) -> RunFront:
    spec = SearchSpec.from_json(run.spec)
    goals, constraints = assembly.goals_of(spec), assembly.constraints_of(spec)
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
