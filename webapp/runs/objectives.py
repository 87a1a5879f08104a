"""The resolved objectives of a run, as the engine's goals and as pages read them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from nasengine.core.errors import EngineError
from nasengine.core.objective import Constraint, Goal, parse_constraint, split_name
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly

from .models import Run


def goals_of(run: Run) -> tuple[Goal, ...]:
    """Return the objectives that were stored at launch.

    For a run of an older version that has none stored they are computed, not stored: the next
    step of the run does that (`services.ask_tell`).
    """
    return tuple(Goal(**value) for value in run.objectives or computed_objectives(run))


def goals_of_run(run: Run) -> list[dict[str, Any]]:
    """Return the objectives as pages read them: name, unit, better."""
    return [{"name": g.name, "unit": g.unit, "better": g.better} for g in goals_of(run)]


def constraints_of(run: Run) -> tuple[Constraint, ...]:
    """Return the constraints of the run, parsed."""
    return tuple(parse_constraint(text) for text in run.spec.get("constraints", []))


def computed_objectives(run: Run) -> list[dict[str, Any]]:
    """Resolve the objectives again from the run's settings.

    An objective that this version does not know, or whose table is not on this machine, has no
    unit and counts as a cost: an old run can still be read.
    """
    try:
        return [asdict(goal) for goal in assembly.goals_of(SearchSpec.from_json(run.spec))]
    except EngineError:
        unknown = (Goal(n, *split_name(n), "lower", "") for n in run.spec["objectives"])
        return [asdict(goal) for goal in unknown]
