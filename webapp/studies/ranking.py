"""What a study says: each method over its seeds, ranked, and chance beside them."""

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
    """Methods from best to worst by `measure`, with curves and every run's own numbers; JSON.

    `measure` is the hypervolume where there are several objectives, all runs of the study
    sharing one reference; else the best value of the one objective. `methods` carry mean and
    deviation over the seeds, mean rank, wins, and p and effect against random search;
    `reported` are numbers the best candidate carries beside its objectives, such as a test
    error, which decided nothing.
    """
    runs = list(study.runs.defer("strategy_state", "view", "front").order_by("pk"))
    goals = shared_goals(runs)
    histories = histories_of(runs, goals)
    reference = common_reference([h.points for h in histories])
    reported = _reported(histories, goals)
    rows = [
        _of_run(run, history, goals, reference, reported)
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


def _of_run(
    run: Run,
    history: History,
    goals: Sequence[Goal],
    reference: np.ndarray | None,
    reported: dict[int, dict[str, float]],
) -> dict[str, Any]:
    growth, place = hypervolume_curve(history, reference), history.best()
    best = None if place is None else float(history.points[place, 0] * signs(goals)[0])
    return {
        "id": run.pk,
        "strategy": run.strategy,
        "seed": run.seed,
        "state": run.state,
        "told": run.told,
        "budget": run.candidate_budget,
        BEST: best,
        HYPERVOLUME: growth[-1][2] if growth else None,
        "reported": {} if place is None else reported.get(history.keys[place], {}),
        "curves": {
            HYPERVOLUME: ([one[0] for one in growth], [one[2] for one in growth]),
            BEST: _falling(history, goals),
        },
    }


def _falling(history: History, goals: Sequence[Goal]) -> tuple[list[int], list[float]]:
    """Where the best value of the first objective got better, constraints kept, and to what."""
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
    """Of every run's best candidate what was measured beside the objectives; one query."""
    best = [h.keys[place] for h in histories if (place := h.best()) is not None]
    found: dict[int, dict[str, float]] = {}
    rows = Measurement.objects.filter(FINITE, candidate__in=best)
    rows = rows.exclude(objective__in=[goal.name for goal in goals]).order_by()
    for pk, name, value in rows.values_list("candidate_id", "objective", "value"):
        found.setdefault(pk, {})[name] = value
    return found


def _methods(
    study: Study, rows: list[dict[str, Any]], measure: str, goals: Sequence[Goal]
) -> list[dict[str, Any]]:
    """One object a method, best mean first; what has no number yet comes last."""
    sign = -float(signs(goals)[0]) if goals and measure == BEST else 1.0
    by_method: dict[str, list[dict[str, Any]]] = {
        one["strategy"]: [] for one in study.plan.get("methods", [])
    }
    for row in rows:
        by_method.setdefault(row["strategy"], []).append(row)
    rewards = {name: _rewards(runs, rows, measure, sign) for name, runs in by_method.items()}
    order = mean_ranks(rewards)
    chance = rewards.get(RANDOM_SEARCH)
    found = [
        {
            "strategy": name,
            **_summary(runs),
            **order[name],
            "difference": compare_samples(rewards[name], chance)
            if chance and name != RANDOM_SEARCH
            else None,
        }
        for name, runs in by_method.items()
    ]
    return sorted(found, key=lambda one: _worth(one, measure, sign))


def _rewards(
    runs: list[dict[str, Any]], rows: list[dict[str, Any]], measure: str, sign: float
) -> list[float | None]:
    """One number a seed of the study, larger is better; None where its run has not ended, or
    measured nothing."""
    seeds = sorted({row["seed"] for row in rows})
    values = {run["seed"]: run[measure] for run in runs if run["state"] not in BUSY_RUNS}
    return [None if values.get(s) is None else sign * values[s] for s in seeds]


def _worth(one: dict[str, Any], measure: str, sign: float) -> tuple[bool, float, str]:
    spread = one[measure]
    return (spread is None, -sign * spread["mean"] if spread else 0.0, one["strategy"])


def _summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
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
            name: mean_and_deviation([r["reported"].get(name) for r in runs]) for name in names
        },
        "curves": {
            kind: mean_curve([run["curves"][kind] for run in runs], lengths)
            for kind in (HYPERVOLUME, BEST)
        },
    }
