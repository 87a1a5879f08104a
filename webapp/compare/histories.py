"""The evaluated candidates of runs in the order of telling, over the objectives they share."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.core.cache import cache

from nasengine.core.objective import Goal
from nasengine.pareto.dominance import joined
from nasengine.pareto.orientation import oriented, signs
from nasengine.pareto.selection import best
from nasengine.pareto.volume import growing_shares, reference_point
from nasengine.statistics.samples import ROUNDING
from webapp.runs.models import FINITE, Candidate, CandidateState, Measurement, Run
from webapp.runs.objectives import goals_of

from .models import StoredHistory, runs_without_history

KEPT_SECONDS = 24 * 3600
BATCH = 20
MAX_AT_ONCE = 200  # runs whose histories one sweep stores
LARGE_COLUMNS_OF_RUNS = ("strategy_state", "epochs_state", "view", "front", "data_report")
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
    """The measured candidates of one run that decide its front, best value and hypervolume.

    A candidate that was dominated when it arrived decides none of them, so it is left out; the k
    rows are the first measured candidate, those that joined the front, and without a feasible
    candidate those with the smallest violation. A candidate is measured if it has a value for
    every shared objective.

    `keys` are database keys, `told` the numbers of the tells (from 1), `violations` has shape
    (k,) and `points` shape (k, m); lower is better. `spent` has what the run had spent when each
    row was told, by unit ("candidates", "epochs", "seconds", "gpu_seconds"): shape (k,).
    `totals` has what it has spent in all, and `worst` the worst measured value of each
    objective, (m,); None without a measured candidate.
    """

    keys: list[int]
    told: list[int]
    numbers: list[int]
    violations: np.ndarray
    points: np.ndarray
    spent: dict[str, np.ndarray]
    totals: dict[str, float]
    worst: np.ndarray | None

    def to_json(self) -> dict[str, Any]:
        """Return the history as JSON."""
        arrays = {"violations": self.violations, "points": self.points}
        return {
            "objectives": self.points.shape[1],
            "keys": self.keys,
            "told": self.told,
            "numbers": self.numbers,
            **{name: array.tolist() for name, array in arrays.items()},
            "spent": {unit: amounts.tolist() for unit, amounts in self.spent.items()},
            "totals": self.totals,
            "worst": None if self.worst is None else self.worst.tolist(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> History:
        """Return the history of `to_json`."""
        worst = data["worst"]
        return cls(
            keys=data["keys"],
            told=data["told"],
            numbers=data["numbers"],
            violations=np.array(data["violations"], dtype=float),
            points=np.array(data["points"], dtype=float).reshape(-1, data["objectives"]),
            spent={unit: np.array(a, dtype=float) for unit, a in data["spent"].items()},
            totals=data["totals"],
            worst=None if worst is None else np.array(worst, dtype=float),
        )

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
    """Return the history of each run; a few queries for any number of runs.

    A deterministic run records outcomes by number, others in the order in which they end. That of
    an ended run over its own objectives is stored by a coordinator soon after the end; others of
    ended runs are kept in the cache. So a comparison of many runs reads only those that move.
    """
    ended = [run for run in runs if run.ended_at is not None]
    found = _stored([run for run in ended if list(goals_of(run)) == list(goals)])
    keys = {run.pk: _cache_key(run, goals) for run in ended if run.pk not in found}
    cached = cache.get_many(keys.values()) if keys else {}
    found.update({pk: cached[key] for pk, key in keys.items() if key in cached})
    read = _read([run for run in runs if run.pk not in found], goals)
    cache.set_many({keys[pk]: history for pk, history in read.items() if pk in keys}, KEPT_SECONDS)
    found.update(read)
    return [found[run.pk] for run in runs]


def store_histories(seconds: float) -> int:
    """Store missing histories of ended runs for about so many seconds; return how many."""
    until, stored = time.monotonic() + seconds, 0
    missing = list(runs_without_history().defer(*LARGE_COLUMNS_OF_RUNS)[:MAX_AT_ONCE])
    for same_goals in _by_goals(missing):
        for first in range(0, len(same_goals), BATCH):
            _store(same_goals[first : first + BATCH])
            stored += len(same_goals[first : first + BATCH])
            if time.monotonic() > until:
                return stored
    return stored


def _by_goals(runs: Sequence[Run]) -> list[list[Run]]:
    found: dict[tuple[Goal, ...], list[Run]] = {}
    for run in runs:
        found.setdefault(goals_of(run), []).append(run)
    return list(found.values())


def _store(runs: Sequence[Run]) -> None:
    """Store the histories of ended runs with the same objectives."""
    read = _read(runs, goals_of(runs[0]))
    rows = [
        StoredHistory(
            run=run, seq=run.seq, told=run.told, ended_at=end, data=read[run.pk].to_json()
        )
        for run in runs
        if (end := run.ended_at) is not None
    ]
    changed = ["seq", "told", "ended_at", "data"]
    StoredHistory.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["run"], update_fields=changed
    )


def _stored(runs: Sequence[Run]) -> dict[int, History]:
    """Return the stored histories of ended runs that have not changed since: one query at most."""
    seen = {run.pk: (run.seq, run.told, run.ended_at) for run in runs}
    rows = StoredHistory.objects.filter(run__in=list(seen)) if seen else ()
    return {
        row.run_id: History.from_json(row.data)
        for row in rows
        if (row.seq, row.told, row.ended_at) == seen[row.run_id]
    }


def _cache_key(run: Run, goals: Sequence[Goal]) -> str:
    """Return a key that names everything on which the history of an ended run depends."""
    objectives = " ".join(f"{goal.name} {goal.better}" for goal in goals)
    ended = run.ended_at.timestamp() if run.ended_at else 0
    text = f"{run.pk} {run.told} {run.seq} {ended} {objectives}"
    return f"history-{hashlib.sha256(text.encode()).hexdigest()}"


def _read(runs: Sequence[Run], goals: Sequence[Goal]) -> dict[int, History]:
    ids = [run.pk for run in runs]
    if not ids:
        return {}
    values = _values(ids, [goal.name for goal in goals])
    told: dict[int, list[tuple]] = {pk: [] for pk in ids}
    rows = Candidate.objects.filter(run__in=ids, told=True).order_by("run", "number")
    for row in rows.values_list(*COLUMNS):
        told[row[1]].append(row)
    return {run.pk: _history(run, told[run.pk], values, goals) for run in runs}


def common_reference(histories: Sequence[History]) -> np.ndarray | None:
    """Return a reference point (m) that is 10 % beyond the worst value of each objective.

    It is 1 beyond a worst value of 0. None if nothing is measured.
    """
    worst = [h.worst for h in histories if h.worst is not None and len(h.worst)]
    return reference_point(np.array(worst)) if worst else None


def reference_of(runs: Sequence[Run], histories: Sequence[History]) -> np.ndarray | None:
    """Return the reference point (m) of runs that are shown together, lower is better.

    A single run keeps the reference of its own page, so that its hypervolume is the same
    everywhere; several runs have that of `common_reference`. None if nothing is measured.
    """
    own = runs[0].front.get("reference") if len(runs) == 1 else None
    if own and histories[0].worst is not None:
        return np.array(own, dtype=float) * signs(goals_of(runs[0]))
    return common_reference(histories)


def hypervolume_curve(history: History, reference: np.ndarray | None) -> list[tuple[int, float]]:
    """Return (row, hypervolume) for the first measured candidate and wherever it grew.

    The hypervolume is a share of the box between zero and the reference point.
    """
    if reference is None or not len(history.points):
        return []
    feasible = history.violations == 0
    shares = np.zeros(len(feasible))
    shares[feasible] = growing_shares(history.points[feasible], reference)
    shares = np.maximum.accumulate(shares)
    grown = np.flatnonzero(np.diff(shares) > ROUNDING * shares[1:]) + 1
    return [(row, float(shares[row])) for row in [0, *grown.tolist()]]


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
    violations = np.array([row[5] or 0.0 for _, row in counted])
    points = oriented([values[row[0]] for _, row in counted], goals)
    spent = _spent(rows)
    kept = _decisive(points, violations)
    places = [counted[row][0] - 1 for row in kept]
    return History(
        keys=[counted[row][1][0] for row in kept],
        told=[counted[row][0] for row in kept],
        numbers=[counted[row][1][2] for row in kept],
        violations=violations[kept],
        points=points[kept],
        spent={unit: amounts[places] for unit, amounts in spent.items()},
        totals={unit: float(a[-1]) if len(a) else 0.0 for unit, a in spent.items()},
        worst=points.max(axis=0) if len(points) else None,
    )


def _decisive(points: np.ndarray, violations: np.ndarray) -> list[int]:
    """Return the rows that `History` keeps, in their order."""
    if not len(points):
        return []
    feasible = np.flatnonzero(violations == 0)
    if len(feasible):
        kept = feasible[joined(points[feasible])]
    else:
        kept = np.flatnonzero(violations == violations.min())
    return sorted({0, *kept.tolist()})


def _spent(rows: list[tuple]) -> dict[str, np.ndarray]:
    """Return the amounts spent after each tell; a cost that was not recorded counts as 0."""
    spent = {"candidates": np.cumsum([row[4] in COUNTED for row in rows], dtype=float)}
    for place, name in enumerate(COSTS, start=len(COLUMNS) - len(COSTS)):
        spent[name] = np.cumsum([row[place] or 0.0 for row in rows], dtype=float)
    return spent
