"""Ranking of a study: each method over its seeds, and the test against random search."""

from __future__ import annotations

from typing import Any

from nasengine.statistics.verdicts import compare_pairs
from webapp.compare.budget import DEFAULT_UNIT
from webapp.compare.ranking import Ranking, rank
from webapp.runs.models import Study

from .plan import RANDOM_SEARCH
from .verdict import verdict_of


def ranking(study: Study, unit: str = DEFAULT_UNIT) -> dict[str, Any]:
    """Rank the methods of a study at an equal budget; the result is JSON.

    `unit` names what is equal: candidates, epochs, seconds or gpu_seconds. `budget` is the
    largest amount that all compared runs have used (see `webapp.compare.budget`); all figures are
    those at this amount. `provisional` lists why they may still change.

    `measure` is the hypervolume if there are several objectives (all runs share one reference
    point), otherwise the best value of the only objective. `methods`, best first, have mean and
    deviation over the seeds, mean rank, wins, curves, and the difference from random search.
    `runs` has the figures of every run, at the budget and at its end (`final_`). `reported` names
    values of the best candidates that are not objectives, such as a test error; they do not
    affect the ranking. `verdict` has the result in one sentence (see `verdict_of`).
    """
    runs = list(study.runs.defer("strategy_state", "view", "front").order_by("pk"))
    members: dict[str, list[int]] = {
        method["strategy"]: [] for method in study.plan.get("methods", [])
    }
    for row, run in enumerate(runs):
        members.setdefault(run.strategy, []).append(row)
    found = rank(runs, members, unit)
    differences = _differences(found)
    return {
        "unit": found.budget.unit,
        "units": found.units,
        "budget": found.budget.amount,
        "provisional": list(found.budget.notes),
        "measure": found.measure,
        "verdict": verdict_of(found),
        "goals": [{"name": g.name, "unit": g.unit, "better": g.better} for g in found.goals],
        "reference": found.reference_values,
        "reported": found.reported,
        "methods": [
            {"strategy": name, **figures, "difference": differences.get(name)}
            for name, figures in found.groups.items()
        ],
        "runs": [
            {k: v for k, v in row.items() if k not in ("curves", "total")} for row in found.rows
        ],
    }


def _differences(ranking: Ranking) -> dict[str, dict[str, Any]]:
    """The test of each method against random search, with Holm's correction for all of them."""
    if RANDOM_SEARCH not in ranking.values:
        return {}
    others = [name for name in ranking.values if name != RANDOM_SEARCH]
    verdicts = compare_pairs(ranking.values, [(name, RANDOM_SEARCH) for name in others])
    return {
        name: {
            "p": verdict.p,
            "effect": verdict.effect,
            "smallest_p": verdict.smallest_p,
            "corrected_p": verdict.corrected_p,
            "comparisons": verdict.comparisons,
        }
        for (name, _), verdict in verdicts.items()
        if verdict.p is not None
    }
