"""Ranking of a study: each method over its seeds, and the test against random search."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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

from .budget import DEFAULT_UNIT, UNITS, Budget, budget_of, offered_units
from .plan import RANDOM_SEARCH
from .statistics import (
    Curve,
    compare_samples,
    holm,
    mean_and_deviation,
    mean_curve,
    mean_ranks,
    value_at,
)

HYPERVOLUME, BEST = "hypervolume", "best"


def ranking(study: Study, unit: str = DEFAULT_UNIT) -> dict[str, Any]:
    """Rank the methods of a study at an equal budget; the result is JSON.

    `unit` names what is equal: candidates, epochs, seconds or gpu_seconds. `budget` is the
    largest amount that all compared runs have used (see `budget.py`); all figures are those at
    this amount. `provisional` lists why they may still change.

    `measure` is the hypervolume if there are several objectives (all runs share one reference
    point), otherwise the best value of the only objective. `methods`, best first, have mean and
    deviation over the seeds, mean rank, wins, curves, and the difference from random search.
    `runs` has the figures of every run, at the budget and at its end (`final_`). `reported` names
    values of the best candidates that are not objectives, such as a test error; they do not
    affect the ranking.
    """
    runs = list(study.runs.defer("strategy_state", "view", "front").order_by("pk"))
    goals = shared_goals(runs)
    histories = histories_of(runs, goals)
    reference = common_reference([h.points for h in histories])
    units = offered_units(runs, histories)
    budget = budget_of(runs, histories, unit if unit in units else DEFAULT_UNIT)
    tracks = [_track(h, goals, reference, budget.unit) for h in histories]
    reported = _reported(histories, tracks, budget, goals)
    rows = [
        _run_figures(run, history, track, budget, reported)
        for run, history, track in zip(runs, histories, tracks, strict=True)
    ]
    measure = HYPERVOLUME if len(goals) > 1 else BEST
    return {
        "unit": budget.unit,
        "units": units,
        "budget": budget.amount,
        "provisional": list(budget.notes),
        "measure": measure,
        "goals": [{"name": g.name, "unit": g.unit, "better": g.better} for g in goals],
        "reference": None if reference is None else (reference * signs(goals)).tolist(),
        "reported": sorted({name for row in rows for name in row["reported"]}),
        "methods": _methods(study, rows, measure, goals, whole=budget.unit == DEFAULT_UNIT),
        "runs": [{k: v for k, v in row.items() if k not in ("curves", "total")} for row in rows],
    }


@dataclass(frozen=True)
class Track:
    """The results of a run after each amount that it had spent.

    `best_rows` are the rows of the history of which `curves["best"]` has the values.
    """

    curves: dict[str, Curve]
    best_rows: list[int]


def _track(
    history: History, goals: Sequence[Goal], reference: np.ndarray | None, unit: str
) -> Track:
    spent = history.spent[unit]
    # Before the first candidate the front dominates nothing.
    growth = [(0.0, 0.0)] if reference is not None and len(spent) else []
    for told, _, share in hypervolume_curve(history, reference):
        growth.append((float(spent[told - 1]), share))
    best_rows = _best_rows(history) if goals else []
    amounts = [float(spent[history.told[row] - 1]) for row in best_rows]
    values = [float(history.points[row, 0] * signs(goals)[0]) for row in best_rows]
    curves: dict[str, Curve] = {
        HYPERVOLUME: ([x for x, _ in growth], [share for _, share in growth]),
        BEST: (amounts, values),
    }
    return Track(curves, best_rows)


def _best_rows(history: History) -> list[int]:
    """The rows of the feasible candidates that were the best so far; further objectives decide
    ties, as for the best candidate of a run."""
    rows: list[int] = []
    for row in np.flatnonzero(history.violations == 0).tolist():
        if not rows or tuple(history.points[row]) < tuple(history.points[rows[-1]]):
            rows.append(row)
    return rows


def _best_row_at(track: Track, amount: float | None) -> int | None:
    """The row of the best candidate at an amount; None for no candidate or no amount."""
    if amount is None:
        return None
    place = int(np.searchsorted(track.curves[BEST][0], amount, side="right"))
    return track.best_rows[place - 1] if place else None


def _run_figures(
    run: Run,
    history: History,
    track: Track,
    budget: Budget,
    reported: Mapping[int, dict[str, float]],
) -> dict[str, Any]:
    amount = budget.amount if run.pk in budget.totals else None
    row = _best_row_at(track, amount)
    at_budget = {
        kind: None if amount is None else value_at(curve, amount)
        for kind, curve in track.curves.items()
    }
    return {
        "id": run.pk,
        "strategy": run.strategy,
        "seed": run.seed,
        "state": run.state,
        "told": run.budget_used,
        "budget": run.candidate_budget,
        "spent": {u: float(history.spent[u][-1]) if len(history.spent[u]) else 0.0 for u in UNITS},
        "compared": amount is not None,
        **at_budget,
        **{f"final_{kind}": values[-1] if values else None
           for kind, (_, values) in track.curves.items()},
        "reported": {} if row is None else reported.get(history.keys[row], {}),
        "curves": track.curves if amount is not None else None,
        "total": _end(budget, run.pk),
    }  # fmt: skip


def _end(budget: Budget, key: int) -> float | None:
    """Return the amount to which a run's curve is drawn; None if the run is not compared."""
    total = budget.totals.get(key)
    return budget.amount if total == math.inf else total


def _reported(
    histories: Sequence[History], tracks: Sequence[Track], budget: Budget, goals: Sequence[Goal]
) -> dict[int, dict[str, float]]:
    """Values of the best candidates that are not objectives, by candidate key; one query."""
    pairs = zip(histories, tracks, strict=True)
    best = [
        h.keys[row] for h, track in pairs if (row := _best_row_at(track, budget.amount)) is not None
    ]
    values: dict[int, dict[str, float]] = {}
    rows = Measurement.objects.filter(FINITE, candidate__in=best)
    rows = rows.exclude(objective__in=[goal.name for goal in goals]).order_by()
    for pk, name, value in rows.values_list("candidate_id", "objective", "value"):
        values.setdefault(pk, {})[name] = value
    return values


def _methods(
    study: Study,
    rows: list[dict[str, Any]],
    measure: str,
    goals: Sequence[Goal],
    *,
    whole: bool,
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
    differences = _differences(rewards)
    methods = [
        {
            "strategy": name,
            **_summary(runs, whole),
            **ranks[name],
            "difference": differences.get(name),
        }
        for name, runs in by_method.items()
    ]
    return sorted(methods, key=lambda method: _sort_key(method, measure, sign))


def _differences(rewards: Mapping[str, list[float | None]]) -> dict[str, dict[str, Any]]:
    """The test of each method against random search, with Holm's correction for all of them."""
    baseline = rewards.get(RANDOM_SEARCH, [])
    tests = {
        name: test
        for name, values in rewards.items()
        if name != RANDOM_SEARCH and (test := compare_samples(values, baseline))
    }
    corrected = holm({name: test["p"] for name, test in tests.items()})
    return {
        name: {**test, "corrected_p": corrected[name], "comparisons": len(tests)}
        for name, test in tests.items()
    }


def _rewards(
    runs: list[dict[str, Any]], rows: list[dict[str, Any]], measure: str, sign: float
) -> list[float | None]:
    """One value per seed of the study, larger is better; None if its run has not ended or is
    not compared."""
    seeds = sorted({row["seed"] for row in rows})
    values = {run["seed"]: run[measure] for run in runs if run["state"] not in BUSY_RUNS}
    return [None if values.get(s) is None else sign * values[s] for s in seeds]


def _sort_key(method: dict[str, Any], measure: str, sign: float) -> tuple[bool, float, str]:
    summary = method[measure]
    return (summary is None, -sign * summary["mean"] if summary else 0.0, method["strategy"])


def _summary(runs: list[dict[str, Any]], whole: bool) -> dict[str, Any]:
    """The figures of a method over its compared runs; `whole`: the unit has whole numbers only."""
    compared = [run for run in runs if run["compared"]]
    names = sorted({name for run in compared for name in run["reported"]})
    totals = [run["total"] for run in compared]
    return {
        "runs": len(runs),
        "ended": sum(run["state"] not in BUSY_RUNS for run in runs),
        "told": sum(run["told"] for run in runs),
        "budget": sum(run["budget"] for run in runs),
        BEST: mean_and_deviation([run[BEST] for run in compared]),
        HYPERVOLUME: mean_and_deviation([run[HYPERVOLUME] for run in compared]),
        "reported": {
            name: mean_and_deviation([run["reported"].get(name) for run in compared])
            for name in names
        },
        "curves": {
            kind: mean_curve([run["curves"][kind] for run in compared], totals, whole)
            for kind in (HYPERVOLUME, BEST)
        },
    }
