"""The evaluated candidates of runs in the order of telling, over the objectives they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasengine.core.objective import Goal
from nasengine.pareto.orientation import oriented
from nasengine.pareto.selection import best
from nasengine.pareto.volume import GrowingFront, reference_point
from webapp.runs.models import FINITE, Candidate, CandidateState, Measurement, Run
from webapp.runs.objectives import goals_of

COSTS = ("epochs", "seconds", "gpu_seconds")
COLUMNS = ("pk", "run_id", "number", "ended_order", "state", "violation", *COSTS)
# Supernet training steps are candidates too; those pruned or cancelled cost no training.
COUNTED = (
    CandidateState.DONE,
    CandidateState.TRAINED,
    CandidateState.DIVERGED,
    CandidateState.FAILED,
)


@dataclass(frozen=True, eq=False)
class History:
    """The k measured candidates of one run that have a value for every shared objective.

    `keys` are database keys, `told` the numbers of the tells (from 1), `violations` has shape
    (k,) and `points` shape (k, m); lower is better. `spent` has what the run had spent after each
    of its n tells, by unit ("candidates", "epochs", "seconds", "gpu_seconds"): shape (n,).
    """

    keys: list[int]
    told: list[int]
    numbers: list[int]
    violations: np.ndarray
    points: np.ndarray
    spent: dict[str, np.ndarray]

    def best(self) -> int | None:
        """Return the row of the best feasible candidate, None if no candidate is feasible."""
        row = best(self.points, self.violations, self.numbers)
        return row if row is not None and self.violations[row] == 0 else None


def shared_goals(runs: Sequence[Run]) -> list[Goal]:
    """Return the objectives that all runs have, with the same direction, in the first's order."""
    if not runs:
        return []
    first, *others = [goals_of(run) for run in runs]
    directions = [{(goal.name, goal.better) for goal in goals} for goals in others]
    return [goal for goal in first if all((goal.name, goal.better) in d for d in directions)]


def histories_of(runs: Sequence[Run], goals: Sequence[Goal]) -> list[History]:
    """Return the history of each run; two queries for any number of runs.

    A deterministic run records outcomes by number, others in the order in which they end.
    """
    ids = [run.pk for run in runs]
    values = _values(ids, [goal.name for goal in goals])
    told: dict[int, list[tuple]] = {pk: [] for pk in ids}
    rows = Candidate.objects.filter(run__in=ids, told=True).order_by("run", "number")
    for row in rows.values_list(*COLUMNS):
        told[row[1]].append(row)
    return [_history(run, told[run.pk], values, goals) for run in runs]


def common_reference(points: Sequence[np.ndarray]) -> np.ndarray | None:
    """Return a reference point (m) that is 10 % beyond the worst value of each objective.

    It is 1 beyond a worst value of 0.

    Args:
        points: arrays of shape (n, m), lower is better; any of them may be empty.

    Returns:
        None if there is no point at all.
    """
    filled = [p for p in points if len(p)]
    if not filled or not filled[0].shape[1]:
        return None
    return reference_point(np.concatenate(filled))


def hypervolume_curve(
    history: History, reference: np.ndarray | None
) -> list[tuple[int, int, float]]:
    """Return (told, number, hypervolume) for the first candidate and wherever it grew.

    The hypervolume is a share of the box between zero and the reference point.
    """
    if reference is None or not len(history.points):
        return []
    front = GrowingFront(reference)
    curve: list[tuple[int, int, float]] = []
    rows = zip(history.told, history.numbers, history.points, history.violations, strict=True)
    for told, number, point, violation in rows:
        before = front.share
        if violation == 0:
            front.add(point)
        if not curve or front.share > before:
            curve.append((told, number, front.share))
    return curve


def _values(ids: list[int], names: list[str]) -> dict[int, dict[str, float]]:
    """Values of done candidates by key and objective."""
    values: dict[int, dict[str, float]] = {}
    rows = Measurement.objects.filter(
        FINITE,
        candidate__run__in=ids,
        candidate__state=CandidateState.DONE,
        objective__in=names,
    )
    for pk, name, value in rows.order_by().values_list("candidate_id", "objective", "value"):
        values.setdefault(pk, {})[name] = value
    return values


def _history(
    run: Run, rows: list[tuple], values: dict[int, dict[str, float]], goals: Sequence[Goal]
) -> History:
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
        spent=_spent(rows),
    )


def _spent(rows: list[tuple]) -> dict[str, np.ndarray]:
    """Return the amounts spent after each tell; a cost that was not recorded counts as 0."""
    spent = {"candidates": np.cumsum([row[4] in COUNTED for row in rows], dtype=float)}
    for place, name in enumerate(COSTS, start=len(COLUMNS) - len(COSTS)):
        spent[name] = np.cumsum([row[place] or 0.0 for row in rows], dtype=float)
    return spent
