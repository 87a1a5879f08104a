"""The wire: the JSON form of a run and of a candidate, for pages, events and tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .models import Candidate, Run


def moment(value: Any) -> str | None:
    """A time as ISO 8601 text in UTC."""
    return value.isoformat() if value else None


def run_row(run: Run, counts: dict[str, int], goals: list[dict[str, Any]]) -> dict[str, Any]:
    """A run as pages know it.

    `counts` maps candidate states to numbers, `goals` lists {name, unit, better}. The
    seed travels as text: it may exceed what a browser's numbers hold.
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
        "constraints": list(spec.get("constraints", [])),
        "seed": str(run.seed),
        "budget": run.candidate_budget,
        "asked": run.asked,
        "told": run.told,
        "best": run.best,
        "counts": counts,
        "created_at": moment(run.created_at),
        "started_at": moment(run.started_at),
        "ended_at": moment(run.ended_at),
    }


def last_point(candidate: Candidate) -> dict[str, Any]:
    """The newest point of the curve: annotated by `queries.lean_candidates`, or read off."""
    if "last_point" in candidate.__dict__:
        return candidate.__dict__["last_point"] or {}
    return candidate.curve[-1] if candidate.curve else {}


def candidate_row(candidate: Candidate) -> dict[str, Any]:
    """A candidate as pages know it; its architecture is fetched when it is looked at.

    Reads `measurements` (prefetch them) and the last point of the curve.
    """
    return row_of(candidate, candidate.measurements.all(), last_point(candidate))


def row_of(candidate: Any, measurements: Iterable[Any], last: dict[str, Any]) -> dict[str, Any]:
    """The same from anything that has a candidate's columns as attributes."""
    return {
        "number": candidate.number,
        "state": candidate.state,
        "reason": candidate.reason,
        "parents": list(candidate.parents),
        "origin": candidate.origin,
        "architecture_id": candidate.architecture_id,
        "values": {m.objective: value_row(m) for m in measurements},
        "violation": candidate.violation,
        "epoch": last.get("epoch"),
        "epochs": last.get("epochs"),
        "valid_error": last.get("valid_error"),
        "attempts": candidate.attempts,
        "ended_order": candidate.ended_order,
        "started_at": moment(candidate.started_at),
        "ended_at": moment(candidate.ended_at),
    }


def value_row(measurement: Any) -> dict[str, Any]:
    """A measurement without its detail, which the drawer fetches."""
    return {
        "value": measurement.value,
        "unit": measurement.unit,
        "device": measurement.device,
        "method": measurement.method,
        "repetitions": measurement.repetitions,
        "spread": measurement.spread,
    }
