"""Comparison of several runs: fronts and hypervolume with one reference point, and figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nasengine.core.objective import Goal
from nasengine.pareto.dominance import constrained_front
from nasengine.pareto.orientation import signs
from webapp.runs.cost import worked_seconds
from webapp.runs.models import Run

from .groups import group_figures, groups_of
from .histories import History, common_reference, histories_of, hypervolume_curve, shared_goals


def comparison(runs: Sequence[Run]) -> dict[str, Any]:
    """Return what the page and its scripts show of the runs, in their order, as JSON.

    `groups` are the runs of one study and method together; single runs are groups of one.

    `goals` are the objectives that all runs share. Front and hypervolume of every run are
    computed over these objectives with one reference point, so that they can be compared.
    """
    goals = shared_goals(runs)
    histories = histories_of(runs, goals)
    reference = common_reference([h.points for h in histories])
    figures = [
        _figures(run, history, goals, reference)
        for run, history in zip(runs, histories, strict=True)
    ]
    return {
        "goals": [{"name": g.name, "unit": g.unit, "better": g.better} for g in goals],
        "reference": None if reference is None else (reference * signs(goals)).tolist(),
        "runs": figures,
        "groups": [group_figures(group, figures) for group in groups_of(runs)],
    }


def _figures(
    run: Run, history: History, goals: Sequence[Goal], reference: np.ndarray | None
) -> dict[str, Any]:
    mask = constrained_front(history.points, history.violations)
    original = history.points * signs(goals)
    curve = [
        {"told": told, "number": number, "hypervolume": share}
        for told, number, share in hypervolume_curve(history, reference)
    ]
    best = history.best()
    return {
        "id": run.pk,
        "name": run.name,
        "strategy": run.strategy,
        "state": run.state,
        "told": run.told,
        "budget": run.candidate_budget,
        "seconds": worked_seconds(run) if run.ended_at else None,
        "front": [
            {"number": number, "values": values.tolist(), "feasible": bool(violation == 0)}
            for number, values, violation, on_front in zip(
                history.numbers, original, history.violations, mask, strict=True
            )
            if on_front
        ],
        "best": None if best is None else float(original[best, 0]),
        "curve": curve,
        "hypervolume": curve[-1]["hypervolume"] if curve else None,
    }
