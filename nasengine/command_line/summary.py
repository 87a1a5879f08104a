"""What a search found, as a JSON document and as lines."""

from __future__ import annotations

from typing import Any

from ..core.measurement import Measurement
from ..execution.assembly import constraints_of, make_space
from ..execution.loop import Ended, Result
from ..pareto.orientation import violation

MAX_SHOWN = 20


def document(result: Result) -> dict[str, Any]:
    """Best, front, hypervolume and counts as JSON."""
    best = result.best
    on_front = set(result.front.front)
    return {
        "question": result.spec.to_json(),
        "goals": [
            {"name": goal.name, "unit": goal.unit, "better": goal.better} for goal in result.goals
        ],
        "candidates": len(result.ended),
        "states": states(result),
        "feasible": _feasible(result),
        "best": None if best is None else _candidate(result, best),
        "front": [
            _candidate(result, one)
            for one in sorted(result.ended, key=lambda one: one.proposal.number)
            if one.proposal.number in on_front
        ],
        "hypervolume": result.front.hypervolume,
        "reference": result.front.reference,
        "curve": result.front.curve,
    }


def lines(result: Result) -> list[str]:
    """The same for people."""
    counts = ", ".join(f"{number} {state}" for state, number in states(result).items())
    said = [f"candidates   {len(result.ended)} ({counts or 'none'})"]
    best = result.best
    if best is None:
        return [*said, "best         none: no candidate came to a good end"]
    said += [
        f"best         candidate {best.proposal.number}: {_values(best)}",
        f"             {_text(result, best)}",
    ]
    if not _feasible(result):
        said.append("             breaks the constraints, as everything does; it does so least")
    if (test := _test_accuracy(best)) is not None:
        said.append(f"test         accuracy {test:.2f} %, which steered nothing")
    said.append(f"front        {len(result.front.front)} candidates")
    on_front = [one for one in result.ended if one.proposal.number in set(result.front.front)]
    on_front.sort(key=lambda one: one.proposal.number)
    said += [f"             {one.proposal.number}: {_values(one)}" for one in on_front[:MAX_SHOWN]]
    if len(on_front) > MAX_SHOWN:
        said.append(f"             and {len(on_front) - MAX_SHOWN} more")
    reference = ", ".join(
        f"{goal.name} {value:.6g}"
        for goal, value in zip(result.goals, result.front.reference or [], strict=True)
    )
    return [*said, f"hypervolume  {result.front.hypervolume:.6f} up to {reference}"]


def states(result: Result) -> dict[str, int]:
    """State -> candidates that ended in it."""
    counts: dict[str, int] = {}
    for one in result.ended:
        counts[one.outcome.state] = counts.get(one.outcome.state, 0) + 1
    return counts


def _feasible(result: Result) -> bool:
    """Whether the best candidate keeps the constraints."""
    best = result.best
    constraints = constraints_of(result.spec)
    return best is not None and violation(best.outcome.values, constraints) == 0


def _candidate(result: Result, one: Ended) -> dict[str, Any]:
    return {
        "number": one.proposal.number,
        "values": one.outcome.values,
        "test_accuracy": _test_accuracy(one),
        "id": one.proposal.architecture.id,
        "text": _text(result, one),
        "architecture": one.proposal.architecture.to_json(),
    }


def _text(result: Result, one: Ended) -> str:
    return make_space(result.spec).text(one.proposal.architecture)


def _test_accuracy(one: Ended) -> float | None:
    """100 less the test error, where the table reports one."""
    error = one.outcome.values.get("test_error")
    return None if error is None else round(100 - error, 9)


def _values(one: Ended) -> str:
    return ", ".join(_shown(measurement) for measurement in one.outcome.measurements)


def _shown(measurement: Measurement) -> str:
    return f"{measurement.objective} {measurement.value:g} {measurement.unit}".strip()
