"""Ranking of a study: each method over its seeds, and the test against random search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nasengine.core.objective import Goal
from nasengine.pareto.orientation import signs
from webapp.compare.histories import (
    History,
    common_reference,
    histories_of,
    hypervolume_curve,
    shared_goals,
)
from webapp.runs.models import FINITE, Measurement, Run, Study
from webapp.runs.queries import BUSY_RUNS

from .plan import RANDOM_SEARCH
from .statistics import compare_samples, mean_and_deviation, mean_curve, mean_ranks

HYPERVOLUME, BEST = "hypervolume", "best"


def ranking(study: Study) -> dict[str, Any]:
    """Rank the methods of a study; the result is JSON.

    `measure` is the hypervolume if there are several objectives (all runs share one reference
    point), otherwise the best value of the only objective. `methods`, best first, have mean and
    deviation over the seeds, mean rank, wins, curves, and the difference from random search.
    `runs` has the figures of every run. `reported` names values of the best candidates that are
    not objectives, such as a test error; they do not affect the ranking.
    """
    runs = list(study.runs.defer("strategy_state", "view", "front").order_by("pk"))
    goals = shared_goals(runs)
    histories = histories_of(runs, goals)
    reference = common_reference([h.points for h in histories])
    reported = _reported(histories, goals)
    rows = [
        _run_figures(run, history, goals, reference, reported)
        for run, history in zip(runs, histories, strict=True)
    ]
    measure = HYPERVOLUME if len(goals) > 1 else BEST
    return {
        "measure": measure,
        "goals": [{"name": g.name, "unit": g.unit, "better": g.better} for g in goals],
        "reference": None if reference is None else (reference * signs(goals)).tolist(),
        "reported": sorted({name for row in rows for name in row["reported"]}),
        "methods": _methods(study, rows, measure, goals),
        "runs": [{k: v for k, v in row.items() if k != "curves"} for row in rows],
    }


def _run_figures(
    run: Run,
    history: History,
    goals: Sequence[Goal],
    reference: np.ndarray | None,
    reported: dict[int, dict[str, float]],
) -> dict[str, Any]:
    growth, row = hypervolume_curve(history, reference), history.best()
    best = None if row is None else float(history.points[row, 0] * signs(goals)[0])
    return {
        "id": run.pk,
        "strategy": run.strategy,
        "seed": run.seed,
        "state": run.state,
        "told": run.told,
        "budget": run.candidate_budget,
        BEST: best,
        HYPERVOLUME: growth[-1][2] if growth else None,
        "reported": {} if row is None else reported.get(history.keys[row], {}),
        "curves": {
            HYPERVOLUME: ([told for told, _, _ in growth], [share for _, _, share in growth]),
            BEST: _best_curve(history, goals),
        },
    }


def _best_curve(history: History, goals: Sequence[Goal]) -> tuple[list[int], list[float]]:
    """The steps at which the best feasible first objective improved, and its values."""
    if not goals:
        return [], []
    steps, values, best = [], [], np.inf
    rows = zip(history.told, history.points, history.violations, strict=True)
    for told, point, violation in rows:
        if violation == 0 and point[0] < best:
            best = point[0]
            steps.append(told)
            values.append(float(best * signs(goals)[0]))
    return steps, values


def _reported(histories: Sequence[History], goals: Sequence[Goal]) -> dict[int, dict[str, float]]:
    """Values of the best candidates that are not objectives, by candidate key; one query."""
    best = [h.keys[row] for h in histories if (row := h.best()) is not None]
    values: dict[int, dict[str, float]] = {}
    rows = Measurement.objects.filter(FINITE, candidate__in=best)
    rows = rows.exclude(objective__in=[goal.name for goal in goals]).order_by()
    for pk, name, value in rows.values_list("candidate_id", "objective", "value"):
        values.setdefault(pk, {})[name] = value
    return values


def _methods(
    study: Study, rows: list[dict[str, Any]], measure: str, goals: Sequence[Goal]
) -> list[dict[str, Any]]:
    """One object per method, best mean first; methods without a value are last."""
    sign = -float(signs(goals)[0]) if goals and measure == BEST else 1.0
    by_method: dict[str, list[dict[str, Any]]] = {
        method["strategy"]: [] for method in study.plan.get("methods", [])
    }
    for row in rows:
        by_method.setdefault(row["strategy"], []).append(row)
    rewards = {name: _rewards(runs, rows, measure, sign) for name, runs in by_method.items()}
    ranks = mean_ranks(rewards)
    baseline = rewards.get(RANDOM_SEARCH)
    methods = []
    for name, runs in by_method.items():
        compared = baseline is not None and name != RANDOM_SEARCH
        difference = compare_samples(rewards[name], baseline or []) if compared else None
        methods.append(
            {"strategy": name, **_summary(runs), **ranks[name], "difference": difference}
        )
    return sorted(methods, key=lambda method: _sort_key(method, measure, sign))


def _rewards(
    runs: list[dict[str, Any]], rows: list[dict[str, Any]], measure: str, sign: float
) -> list[float | None]:
    """One value per seed of the study, larger is better; None if its run has not ended or has
    no measured candidate."""
    seeds = sorted({row["seed"] for row in rows})
    values = {run["seed"]: run[measure] for run in runs if run["state"] not in BUSY_RUNS}
    return [None if values.get(s) is None else sign * values[s] for s in seeds]


def _sort_key(method: dict[str, Any], measure: str, sign: float) -> tuple[bool, float, str]:
    summary = method[measure]
    return (summary is None, -sign * summary["mean"] if summary else 0.0, method["strategy"])


def _summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of a method over its runs."""
    lengths = [run["told"] for run in runs]
    names = sorted({name for run in runs for name in run["reported"]})
    return {
        "runs": len(runs),
        "ended": sum(run["state"] not in BUSY_RUNS for run in runs),
        "told": sum(lengths),
        "budget": sum(run["budget"] for run in runs),
        BEST: mean_and_deviation([run[BEST] for run in runs]),
        HYPERVOLUME: mean_and_deviation([run[HYPERVOLUME] for run in runs]),
        "reported": {
            name: mean_and_deviation([run["reported"].get(name) for run in runs]) for name in names
        },
        "curves": {
            kind: mean_curve([run["curves"][kind] for run in runs], lengths)
            for kind in (HYPERVOLUME, BEST)
        },
    }
