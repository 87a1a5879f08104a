"""Several runs laid over one another: fronts, hypervolume by one reference, settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nasengine.core.objective import Goal, split_name
from nasengine.pareto.dominance import constrained_front
from nasengine.pareto.orientation import oriented, signs
from nasengine.pareto.volume import GrowingFront
from webapp.runs.models import FINITE, Candidate, CandidateState, Measurement, Run
from webapp.runs.queries import goals_of_run

MARGIN = 0.1  # the reference is a tenth beyond the worst of all the runs


def comparison(runs: Sequence[Run]) -> dict[str, Any]:
    """What the page and its scripts show of the runs, in their order; JSON.

    `goals` are the objectives all of them share. Every run's front and hypervolume are
    computed anew over those, with one reference for all, so that they can be compared.
    """
    goals = shared_goals(runs)
    histories = _histories(runs, goals)
    reference = common_reference([h["points"] for h in histories])
    return {
        "goals": [{"name": g.name, "unit": g.unit, "better": g.better} for g in goals],
        "reference": None if reference is None else (reference * signs(goals)).tolist(),
        "runs": [
            _one(run, history, goals, reference)
            for run, history in zip(runs, histories, strict=True)
        ],
    }


def shared_goals(runs: Sequence[Run]) -> list[Goal]:
    """Objectives that every run has, with the same direction, in the first run's order."""
    lists = [goals_of_run(run) for run in runs]
    if not lists:
        return []
    others = [{(g["name"], g["better"]) for g in goals} for goals in lists[1:]]
    return [
        Goal(g["name"], *split_name(g["name"]), g["better"], g["unit"])
        for g in lists[0]
        if all((g["name"], g["better"]) in other for other in others)
    ]


def common_reference(points: Sequence[np.ndarray]) -> np.ndarray | None:
    """m numbers a tenth beyond the worst of k sets of n x m points, lower is better.

    One beyond where the worst is 0; None where there is no point at all.
    """
    filled = [p for p in points if len(p)]
    if not filled or not filled[0].shape[1]:
        return None
    worst = np.concatenate(filled).max(axis=0)
    return worst + np.where(worst == 0, 1.0, MARGIN * np.abs(worst))


def _histories(runs: Sequence[Run], goals: Sequence[Goal]) -> list[dict[str, Any]]:
    """Of each run, in the order of telling: when, number, violation, n x m points.

    Only measured candidates with every shared objective count.
    """
    ids = [run.pk for run in runs]
    values = _values(ids, [goal.name for goal in goals])
    told: dict[int, list[tuple]] = {pk: [] for pk in ids}
    columns = ("pk", "run_id", "number", "ended_order", "state", "violation")
    rows = Candidate.objects.filter(run__in=ids, told=True).order_by("run", "number")
    for row in rows.values_list(*columns):
        told[row[1]].append(row)
    return [_history(run, told[run.pk], values, goals) for run in runs]


def _values(ids: list[int], names: list[str]) -> dict[int, dict[str, float]]:
    found: dict[int, dict[str, float]] = {}
    rows = Measurement.objects.filter(
        FINITE,
        candidate__run__in=ids,
        candidate__state=CandidateState.DONE,
        objective__in=names,
    )
    for pk, name, value in rows.order_by().values_list("candidate_id", "objective", "value"):
        found.setdefault(pk, {})[name] = value
    return found


def _history(run: Run, rows: list[tuple], values: dict, goals: Sequence[Goal]) -> dict[str, Any]:
    if not run.question.get("deterministic", True):
        rows = sorted(rows, key=lambda row: row[3] or 0)
    counted = [
        (told, row)
        for told, row in enumerate(rows, start=1)
        if row[4] == CandidateState.DONE and len(values.get(row[0], {})) == len(goals) > 0
    ]
    return {
        "told": [told for told, _ in counted],
        "numbers": [row[2] for _, row in counted],
        "violations": np.array([row[5] or 0.0 for _, row in counted]),
        "points": oriented([values[row[0]] for _, row in counted], goals),
    }


def _one(
    run: Run, history: dict[str, Any], goals: Sequence[Goal], reference: np.ndarray | None
) -> dict[str, Any]:
    mask = constrained_front(history["points"], history["violations"])
    original = history["points"] * signs(goals)
    curve = _growth(history, reference)
    elapsed = run.ended_at - run.started_at if run.started_at and run.ended_at else None
    return {
        "id": run.pk,
        "name": run.name,
        "strategy": run.strategy,
        "state": run.state,
        "told": run.told,
        "budget": run.candidate_budget,
        "seconds": elapsed.total_seconds() if elapsed else None,
        "front": [
            {"number": number, "values": row.tolist(), "feasible": bool(violation == 0)}
            for number, row, violation, on in zip(
                history["numbers"], original, history["violations"], mask, strict=True
            )
            if on
        ],
        "best": _best(history, original, goals),
        "curve": curve,
        "hypervolume": curve[-1]["hypervolume"] if curve else None,
    }


def _growth(history: dict[str, Any], reference: np.ndarray | None) -> list[dict[str, Any]]:
    """The hypervolume where it grew, as the share of the box between zero and reference."""
    if reference is None or not len(history["points"]):
        return []
    front, curve = GrowingFront(reference), []
    box = float(np.prod(np.abs(reference)))
    rows = zip(history["told"], history["numbers"], history["points"], strict=True)
    for (told, number, point), violation in zip(rows, history["violations"], strict=True):
        before = front.hypervolume
        if violation == 0:
            front.add(point)
        if not curve or front.hypervolume > before:
            share = front.hypervolume / box
            curve.append({"told": told, "number": number, "hypervolume": share})
    return curve


def _best(history: dict[str, Any], original: np.ndarray, goals: Sequence[Goal]) -> float | None:
    """The best value of the first objective among those that keep every constraint."""
    kept = history["violations"] == 0
    if not goals or not kept.any():
        return None
    column = original[kept, 0]
    return float(column.max() if goals[0].better == "higher" else column.min())
