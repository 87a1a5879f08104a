"""Ranking of groups of runs at an equal budget: figures, curves and ranks over the seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasengine.core.objective import Goal
from nasengine.pareto.orientation import signs
from nasengine.statistics.curves import Curve, mean_curve, value_at
from nasengine.statistics.samples import mean_and_deviation, mean_ranks
from webapp.runs.models import FINITE, Measurement, Run
from webapp.runs.queries import BUSY_RUNS

from .budget import DEFAULT_UNIT, UNITS, Budget, budget_of, offered_units
from .histories import (
    History,
    histories_of,
    hypervolume_curve,
    reference_of,
    shared_goals,
)

HYPERVOLUME, BEST = "hypervolume", "best"


@dataclass(frozen=True)
class Ranking:
    """Groups of runs at an equal budget.

    Attributes:
        goals: The objectives that all runs share.
        histories: The history of each run, in the order of the runs.
        growth: Their hypervolume, as from `hypervolume_curve`.
        reference: The reference point of all hypervolumes; None without a measured candidate.
        units: The units in which the budget can be equal.
        budget: The equal budget.
        measure: `HYPERVOLUME` if there are several objectives, otherwise `BEST`.
        reported: Names of measured values that are not objectives, such as a test error.
        rows: The figures of each run, at the budget and at its end (`final_`).
        groups: The figures of each group by its key, best mean first.
        values: For each group the values of its ended runs that the tests compare; larger is
            better.
    """

    goals: list[Goal]
    histories: list[History]
    growth: list[list[tuple[int, float]]]
    reference: np.ndarray | None
    units: list[str]
    budget: Budget
    measure: str
    reported: list[str]
    rows: list[dict[str, Any]]
    groups: dict[str, dict[str, Any]]
    values: dict[str, list[float]]

    @property
    def reference_values(self) -> list[float] | None:
        """The reference point in the units of the objectives."""
        return None if self.reference is None else (self.reference * signs(self.goals)).tolist()


def rank(
    runs: Sequence[Run],
    members: Mapping[str, Sequence[int]],
    unit: str = DEFAULT_UNIT,
    *,
    across_seeds: bool = True,
) -> Ranking:
    """Rank groups of runs at an equal budget.

    With several objectives groups are ranked by hypervolume (all runs share one reference
    point, as of `reference_of`), otherwise by the best value of the only objective.

    Args:
        runs: The runs.
        members: For each group the rows of its runs.
        unit: The unit of the equal budget: candidates, epochs, seconds or gpu_seconds. A unit
            that not every run has recorded is replaced by candidates.
        across_seeds: Compare only the seeds at which every group has begun.
    """
    goals = shared_goals(runs)
    histories = histories_of(runs, goals)
    reference = reference_of(runs, histories)
    units = offered_units(runs, histories)
    groups = () if across_seeds else tuple(members.values())
    budget = budget_of(runs, histories, unit if unit in units else DEFAULT_UNIT, groups)
    growth = [hypervolume_curve(history, reference) for history in histories]
    tracks = [
        _track(history, grown, goals, reference is not None, budget.unit)
        for history, grown in zip(histories, growth, strict=True)
    ]
    reported = _reported(histories, tracks, budget, goals)
    rows = [
        _run_figures(run, history, track, budget, reported)
        for run, history, track in zip(runs, histories, tracks, strict=True)
    ]
    measure = HYPERVOLUME if len(goals) > 1 else BEST
    sign = -float(signs(goals)[0]) if goals and measure == BEST else 1.0
    own = {key: [rows[row] for row in places] for key, places in members.items()}
    return Ranking(
        goals=goals,
        histories=histories,
        growth=growth,
        reference=reference,
        units=units,
        budget=budget,
        measure=measure,
        reported=sorted({name for row in rows for name in row["reported"]}),
        rows=rows,
        groups=_groups(own, rows, measure, sign, whole=budget.unit == DEFAULT_UNIT),
        values={key: _values(results, measure, sign) for key, results in own.items()},
    )


@dataclass(frozen=True)
class Track:
    """The results of a run after each amount that it had spent.

    `best_rows` are the rows of the history of which `curves["best"]` has the values.
    """

    curves: dict[str, Curve]
    best_rows: list[int]


def _track(
    history: History,
    grown: Sequence[tuple[int, float]],
    goals: Sequence[Goal],
    is_measured: bool,
    unit: str,
) -> Track:
    spent = history.spent[unit]
    # Before the first candidate the front dominates nothing.
    growth = [(0.0, 0.0)] if is_measured and history.totals[unit] else []
    growth += [(float(spent[row]), share) for row, share in grown]
    best_rows = _best_rows(history) if goals else []
    amounts = [float(spent[row]) for row in best_rows]
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
        "spent": {u: history.totals[u] for u in UNITS},
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


def _groups(
    members: Mapping[str, list[dict[str, Any]]],
    rows: list[dict[str, Any]],
    measure: str,
    sign: float,
    *,
    whole: bool,
) -> dict[str, dict[str, Any]]:
    """The figures of each group, best mean first; groups without a value are last."""
    by_seed = {key: _by_seed(runs, rows, measure, sign) for key, runs in members.items()}
    once = all(len({r["seed"] for r in runs}) == len(runs) for runs in members.values())
    no_ranks: dict[str, Any] = {"rank": None, "wins": 0, "seeds": 0}
    ranks = mean_ranks(by_seed) if once and by_seed else dict.fromkeys(members, no_ranks)
    found = {key: {**_summary(runs, whole), **ranks[key]} for key, runs in members.items()}
    order = sorted(found, key=lambda key: _sort_key(key, found[key], measure, sign))
    return {key: found[key] for key in order}


def _by_seed(
    runs: list[dict[str, Any]], rows: list[dict[str, Any]], measure: str, sign: float
) -> list[float | None]:
    """One value per seed of all runs, larger is better; None if its run has not ended or is
    not compared."""
    seeds = sorted({row["seed"] for row in rows})
    values = {run["seed"]: run[measure] for run in runs if run["state"] not in BUSY_RUNS}
    return [None if values.get(s) is None else sign * values[s] for s in seeds]


def _values(runs: list[dict[str, Any]], measure: str, sign: float) -> list[float]:
    """The values of the ended, compared runs of a group; larger is better."""
    ended = [run[measure] for run in runs if run["state"] not in BUSY_RUNS]
    return [sign * value for value in ended if value is not None]


def _sort_key(
    key: str, summary: dict[str, Any], measure: str, sign: float
) -> tuple[bool, float, str]:
    spread = summary[measure]
    return (spread is None, -sign * spread["mean"] if spread else 0.0, key)


def _summary(runs: list[dict[str, Any]], whole: bool) -> dict[str, Any]:
    """The figures of a group over its compared runs; `whole`: the unit has whole numbers only."""
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
