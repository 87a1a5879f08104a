"""What runs measured, in the order of telling, over the objectives they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasengine.core.objective import Goal, split_name
from nasengine.pareto.orientation import oriented
from nasengine.pareto.selection import best
from nasengine.pareto.volume import GrowingFront, reference_point
from webapp.runs.models import FINITE, Candidate, CandidateState, Measurement, Run
from webapp.runs.queries import goals_of_run


@dataclass(frozen=True, eq=False)
class History:
    """The measured candidates of one run that have every shared objective; k of them.

    `told` says as how manieth each was told, `points` are k x m, lower is better.
    """

    keys: list[int]
    told: list[int]
    numbers: list[int]
    violations: np.ndarray
    points: np.ndarray

    def best(self) -> int | None:
        """The place of the best by the first objective among those that keep every
        constraint; of equals the one better in the next, then the earlier."""
        place = best(self.points, self.violations, self.numbers)
        return place if place is not None and self.violations[place] == 0 else None


def shared_goals(runs: Sequence[Run]) -> list[Goal]:
    """Objectives that every run has, with the same direction, in the first run's order."""
    lists: dict[str, list[dict[str, str]]] = {}
    for run in runs:  # runs of one study ask for the same: their goals are found out once
        asked = {key: run.spec.get(key) for key in ("objectives", "estimator", "dataset")}
        key = repr((asked, run.spec.get("estimator_config")))
        if key not in lists:
            lists[key] = goals_of_run(run)
    if not lists:
        return []
    first, *rest = lists.values()
    others = [{(g["name"], g["better"]) for g in goals} for goals in rest]
    return [
        Goal(g["name"], *split_name(g["name"]), g["better"], g["unit"])
        for g in first
        if all((g["name"], g["better"]) in other for other in others)
    ]


def histories_of(runs: Sequence[Run], goals: Sequence[Goal]) -> list[History]:
    """Of each run what counts; two queries for any number of runs.

    Runs that are deterministic are told in the order of their numbers, others as they ended.
    """
    ids = [run.pk for run in runs]
    values = _values(ids, [goal.name for goal in goals])
    told: dict[int, list[tuple]] = {pk: [] for pk in ids}
    columns = ("pk", "run_id", "number", "ended_order", "state", "violation")
    rows = Candidate.objects.filter(run__in=ids, told=True).order_by("run", "number")
    for row in rows.values_list(*columns):
        told[row[1]].append(row)
    return [_history(run, told[run.pk], values, goals) for run in runs]


def common_reference(points: Sequence[np.ndarray]) -> np.ndarray | None:
    """m numbers a tenth beyond the worst of k sets of n x m points, lower is better.

    One beyond where the worst is 0; None where there is no point at all.
    """
    filled = [p for p in points if len(p)]
    if not filled or not filled[0].shape[1]:
        return None
    return reference_point(np.concatenate(filled))


def hypervolume_curve(
    history: History, reference: np.ndarray | None
) -> list[tuple[int, int, float]]:
    """(told, number, hypervolume) where it grew, as the share of the box between zero and
    the reference; the first point is always there."""
    if reference is None or not len(history.points):
        return []
    front, curve = GrowingFront(reference), []
    rows = zip(history.told, history.numbers, history.points, history.violations, strict=True)
    for told, number, point, violation in rows:
        before = front.hypervolume
        if violation == 0:
            front.add(point)
        if not curve or front.hypervolume > before:
            curve.append((told, number, front.share))
    return curve


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


def _history(run: Run, rows: list[tuple], values: dict, goals: Sequence[Goal]) -> History:
    if not run.spec.get("deterministic", True):
        rows = sorted(rows, key=lambda row: row[3] or 0)
    counted = [
        (told, row)
        for told, row in enumerate(rows, start=1)
        if row[4] == CandidateState.DONE and len(values.get(row[0], {})) == len(goals) > 0
    ]
    return History(
        keys=[row[0] for _, row in counted],
        told=[told for told, _ in counted],
        numbers=[row[2] for _, row in counted],
        violations=np.array([row[5] or 0.0 for _, row in counted]),
        points=oriented([values[row[0]] for _, row in counted], goals),
    )
