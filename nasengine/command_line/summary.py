"""Summary of a result, as a JSON document and as lines."""

from __future__ import annotations

from typing import Any

from ..core.measurement import Measurement
from ..execution.loop import Candidate, Result
from ..pareto.orientation import violation

MAX_FRONT_LINES = 20


def document(result: Result) -> dict[str, Any]:
    """Return best, front, hypervolume and counts as JSON."""
    best, front = result.best, result.run_front
    return {
        "question": result.spec.to_json(),
        "goals": [
            {"name": goal.name, "unit": goal.unit, "better": goal.better} for goal in result.goals
        ],
        "candidates": len(result.candidates),
        "states": states(result),
        "end_reason": result.end_reason,
        "feasible": _is_feasible(result),
        "best": None if best is None else _candidate(best),
        "front": [_candidate(candidate) for candidate in result.front],
        "hypervolume": front.hypervolume,
        "reference": front.reference,
        "curve": front.curve,
    }


def lines(result: Result) -> list[str]:
    """Return best, front, hypervolume and counts for people."""
    counts = ", ".join(f"{number} {state}" for state, number in states(result).items())
    head = f"candidates   {len(result.candidates)} ({counts or 'none'})"
    early = [f"ended early  {result.end_reason}"] if result.end_reason else []
    best = result.best
    if best is None:
        return [head, *early, "best         none: no candidate was evaluated successfully"]
    text = [
        head,
        *early,
        f"best         candidate {best.number}: {_values(best)}",
        f"{'':13}{best.text}",
    ]
    if not _is_feasible(result):
        text.append(f"{'':13}violates the constraints, as all candidates do, but least")
    if (test := _test_accuracy(best)) is not None:
        text.append(f"test         accuracy {test:.2f} % (not used by the search)")
    front = result.front
    text.append(f"front        {len(front)} candidates")
    text += [f"{'':13}{c.number}: {_values(c)}" for c in front[:MAX_FRONT_LINES]]
    if len(front) > MAX_FRONT_LINES:
        text.append(f"{'':13}and {len(front) - MAX_FRONT_LINES} more")
    reference = ", ".join(
        f"{goal.name} {value:.6g}"
        for goal, value in zip(result.goals, result.run_front.reference or [], strict=True)
    )
    return [*text, f"hypervolume  {result.hypervolume:.6f} up to {reference}"]


def states(result: Result) -> dict[str, int]:
    """Return candidate state -> number of candidates in it."""
    counts: dict[str, int] = {}
    for candidate in result.candidates:
        counts[candidate.state] = counts.get(candidate.state, 0) + 1
    return counts


def _is_feasible(result: Result) -> bool:
    """Return whether the best candidate meets the constraints."""
    best = result.best
    return best is not None and violation(best.values, result.constraints) == 0


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "number": candidate.number,
        "values": candidate.values,
        "test_accuracy": _test_accuracy(candidate),
        "id": candidate.architecture.id,
        "text": candidate.text,
        "architecture": candidate.architecture.to_json(),
    }


def _test_accuracy(candidate: Candidate) -> float | None:
    """Return 100 minus the test error, None unless a table reports one."""
    error = candidate.values.get("test_error")
    return None if error is None else round(100 - error, 9)


def _values(candidate: Candidate) -> str:
    return ", ".join(_value(measurement) for measurement in candidate.measurements)


def _value(measurement: Measurement) -> str:
    return f"{measurement.objective} {measurement.value:g} {measurement.unit}".strip()


def figures(point: dict[str, Any]) -> str:
    """Return the numbers of an epoch on one line."""
    shown = [
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in point.items()
        if isinstance(value, (int, float, str))
    ]
    return ", ".join(shown)
