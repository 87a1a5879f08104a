"""The JSON form of a run and of a candidate, for pages and events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nasengine.core.objective import parse_constraint

from .imported import IMPORTED
from .models import Candidate, CandidateState, Run

EVALUATED = (
    CandidateState.DONE,
    CandidateState.TRAINED,
    CandidateState.DIVERGED,
    CandidateState.FAILED,
    CandidateState.STOPPED,  # it counts towards the budget
)
CURVE_METRICS = {
    "error": {"key": "valid_error", "label": "validation error", "unit": "%"},
    "perplexity": {"key": "valid_perplexity", "label": "validation perplexity", "unit": ""},
}


def moment(value: Any) -> str | None:
    """Return a time as ISO 8601 text in UTC."""
    return value.isoformat() if value else None


def run_row(run: Run, counts: dict[str, int], goals: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a run as pages read it.

    `counts` maps candidate states to numbers, `goals` lists {name, unit, better}. The seed is
    text, because it may exceed the integers that a browser represents exactly.
    """
    spec = run.spec
    return {
        "id": run.pk,
        "name": run.name,
        "state": run.state,
        "reason": run.reason,
        "strategy": run.strategy,
        "space": spec["space"],
        "estimator": spec["estimator"],
        "dataset": spec["dataset"],
        "goals": goals,
        "curve": curve_metric(goals, is_imported=spec["estimator"] == IMPORTED),
        "constraints": list(spec.get("constraints", [])),
        "seed": str(run.seed),
        "budget": run.candidate_budget,
        "asked": run.asked,
        "told": run.told,
        "evaluated": evaluated(counts, run.retried),
        "best": run.best,
        "counts": counts,
        "created_at": moment(run.created_at),
        "started_at": moment(run.started_at),
        "ended_at": moment(run.ended_at),
    }


def evaluated(counts: dict[str, int], retried: int) -> int:
    """Return how many candidates were evaluated: not those that were pruned or cancelled.

    The candidates that were `retried` do not count: their retries do.
    """
    return max(0, sum(counts[state] for state in EVALUATED) - retried)


def curve_metric(goals: list[dict[str, Any]], *, is_imported: bool = False) -> dict[str, str]:
    """Return what the learning curves of a run show: key of a point, label and unit.

    It is the perplexity if that is the first of the objectives that training measures; of an
    imported run it is the first objective.
    """
    if is_imported and goals:
        return {"key": goals[0]["name"], "label": goals[0]["name"], "unit": ""}
    kinds = [goal["name"].partition("@")[0] for goal in goals]
    trained = next((kind for kind in kinds if kind in CURVE_METRICS), "error")
    return CURVE_METRICS[trained]


def last_point(candidate: Candidate) -> dict[str, Any]:
    """Return the newest point of the learning curve.

    `queries.lean_candidates` annotates it; otherwise it is read from the curve.
    """
    if "last_point" in candidate.__dict__:
        return candidate.__dict__["last_point"] or {}
    return candidate.curve[-1] if candidate.curve else {}


def candidate_row(candidate: Candidate) -> dict[str, Any]:
    """Return a candidate as pages read it, without its architecture, which the drawer fetches.

    Reads `run`, `measurements` (prefetch them) and the last point of the curve.
    """
    measurements = candidate.measurements.all()
    return row_of(candidate, candidate.run.spec, measurements, last_point(candidate))


def row_of(
    candidate: Any, spec: dict[str, Any], measurements: Iterable[Any], last: dict[str, Any]
) -> dict[str, Any]:
    """Return the row of anything that has the columns of a candidate as attributes."""
    measurements = list(measurements)
    retry = {} if candidate.retry_of is None else {"retry_of": candidate.retry_of}
    return {
        "number": candidate.number,
        **retry,
        "state": candidate.state,
        "reason": candidate.reason,
        "parents": list(candidate.parents),
        "origin": candidate.origin,
        "architecture_id": candidate.architecture_id,
        "values": {m.objective: value_row(m) for m in measurements},
        "violation": candidate.violation,
        "broken": broken_constraints(spec, measurements) if candidate.violation else [],
        "epoch": last.get("epoch"),
        "epochs": last.get("epochs"),
        "valid_error": last.get("valid_error"),
        "attempts": candidate.attempts,
        "ended_order": candidate.ended_order,
        "started_at": moment(candidate.started_at),
        "ended_at": moment(candidate.ended_at),
    }


def broken_constraints(spec: dict[str, Any], measurements: Iterable[Any]) -> list[str]:
    """Return the constraints of a run that these measurements violate, as they were typed."""
    values = {m.objective: m.value for m in measurements}
    constraints = [(text, parse_constraint(text)) for text in spec.get("constraints", [])]
    return [
        text
        for text, constraint in constraints
        if constraint.objective in values and constraint.violation(values[constraint.objective])
    ]


def value_row(measurement: Any) -> dict[str, Any]:
    """Return a measurement without its detail, which the drawer fetches."""
    return {
        "value": measurement.value,
        "unit": measurement.unit,
        "device": measurement.device,
        "method": measurement.method,
        "repetitions": measurement.repetitions,
        "spread": measurement.spread,
    }
