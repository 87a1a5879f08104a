"""Comparison of several runs: fronts and hypervolume with one reference point, and figures."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

from nasengine.core.objective import Goal
from nasengine.pareto.dominance import constrained_front
from nasengine.pareto.orientation import signs
from webapp.runs.cost import worked_seconds
from webapp.runs.models import Run

from .attainment import attainment
from .budget import DEFAULT_UNIT
from .groups import BY_STUDY_AND_METHOD, Group, group_figures, groups_of
from .histories import KEPT_SECONDS, History
from .ranking import Ranking, rank

VERSION = 2  # of cached comparisons: raised when a figure of the same runs changes


@dataclass(frozen=True)
class Comparison:
    """Runs in groups with their figures.

    Attributes:
        groups: The groups in the order of their first runs.
        ranking: Their ranking at an equal budget; its keys are the labels of the groups.
        data: The content that the page and its scripts show as JSON (see `comparison`).
    """

    groups: list[Group]
    ranking: Ranking
    data: dict[str, Any]


def compare_runs(
    runs: Sequence[Run],
    by: str = BY_STUDY_AND_METHOD,
    unit: str = DEFAULT_UNIT,
    axes: tuple[str, str] | None = None,
) -> Comparison:
    """Compare runs, which need their study.

    Args:
        runs: The runs, in their order on the page.
        by: The property that the runs of a group share (see `groups_of`).
        unit: The unit of the equal budget and of the axis of the hypervolume
            (`budget.UNITS`).
        axes: The objectives of the plot of fronts (x, y); by default the second and the first.
    """
    if not runs or any(run.ended_at is None for run in runs):
        return _computed(runs, by, unit, axes)
    key = _cache_key(runs, by, unit, axes)
    found = cache.get(key)
    if found is None:
        found = _computed(runs, by, unit, axes)
        cache.set(key, found, KEPT_SECONDS)
    return found


def _cache_key(runs: Sequence[Run], by: str, unit: str, axes: tuple[str, str] | None) -> str:
    """Return a key that names everything on which a comparison of ended runs depends."""
    facts = [
        (r.pk, r.name, r.state, r.told, r.seq, r.ended_at, r.study and r.study.name, r.strategy)
        for r in runs
    ]
    text = repr((facts, by, unit, axes))
    return f"comparison-{VERSION}-{hashlib.sha256(text.encode()).hexdigest()}"


def _computed(runs: Sequence[Run], by: str, unit: str, axes: tuple[str, str] | None) -> Comparison:
    groups = groups_of(runs, by)
    found = rank(runs, {g.label: g.rows for g in groups}, unit, across_seeds=False)
    figures = [
        _figures(run, history, grown, found.goals, found.budget.unit)
        for run, history, grown in zip(runs, found.histories, found.growth, strict=True)
    ]
    data = {
        "goals": [{"name": g.name, "unit": g.unit, "better": g.better} for g in found.goals],
        "reference": found.reference_values,
        "unit": found.budget.unit,
        "runs": figures,
        "groups": [group_figures(group, figures) for group in groups],
        "attainment": attainment(found, groups, axes),
    }
    return Comparison(groups, found, data)


def comparison(runs: Sequence[Run], by: str = BY_STUDY_AND_METHOD) -> dict[str, Any]:
    """Return what the page and its scripts show of the runs, in their order, as JSON.

    `goals` are the objectives that all runs share. Front and hypervolume of every run are
    computed over these objectives with one reference point, so that they can be compared.
    `groups` are the runs with one line in the plots; `attainment` has the fronts that a quarter,
    half and three quarters of the runs of a group attain.
    """
    return compare_runs(runs, by).data


def _figures(
    run: Run,
    history: History,
    grown: Sequence[tuple[int, float]],
    goals: Sequence[Goal],
    unit: str,
) -> dict[str, Any]:
    mask = constrained_front(history.points, history.violations)
    original = history.points * signs(goals)
    curve = [
        {
            "told": history.told[row],
            "number": history.numbers[row],
            "hypervolume": share,
            "spent": float(history.spent[unit][row]),
        }
        for row, share in grown
    ]
    best = history.best()
    return {
        "id": run.pk,
        "name": run.name,
        "strategy": run.strategy,
        "state": run.state,
        "told": run.told,
        "budget": run.candidate_budget,
        "spent": history.totals[unit],
        "seconds": worked_seconds(run) if run.ended_at else None,
        "front": [
            {"number": number, "values": values.tolist(), "feasible": bool(violation == 0)}
            for number, values, violation, on_front in zip(
                history.numbers, original, history.violations, mask, strict=True
            )
            if on_front
        ],
        "best": None if best is None else float(original[best, 0]),
        "best_number": None if best is None else history.numbers[best],
        "curve": curve,
        "hypervolume": curve[-1]["hypervolume"] if curve else None,
    }
