"""The equal budget of a comparison: the most that all compared runs have used."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webapp.runs.models import ENDED_RUNS, Run, RunState

from .histories import History

# Unit -> how pages write it.
UNITS = {
    "candidates": "candidates",
    "epochs": "epochs",
    "seconds": "seconds",
    "gpu_seconds": "GPU seconds",
}
DEFAULT_UNIT = "candidates"
# Reason of runs that a study stopped because it did not need them; they compare nothing.
DECIDED = "stopped: the comparison of its method is decided"


@dataclass(frozen=True)
class Budget:
    """The budget at which runs are compared.

    Attributes:
        unit: The unit of the budget, a key of `UNITS`.
        amount: The largest amount that every compared run has used; None without such a run.
        totals: The amount that each compared run has used, by its key; infinite for a run whose
            strategy had nothing more to propose: with any larger budget it ends the same.
        notes: Why the comparison is provisional; empty if it is not.
    """

    unit: str
    amount: float | None
    totals: Mapping[int, float]
    notes: tuple[str, ...]


def offered_units(runs: Sequence[Run], histories: Sequence[History]) -> list[str]:
    """Return the units in which every run that has evaluated a candidate has a cost."""
    begun = [h for run, h in zip(runs, histories, strict=True) if run.told]
    used = {unit: [_total(history, unit) for history in begun] for unit in UNITS}
    return [unit for unit in UNITS if unit == DEFAULT_UNIT or (begun and min(used[unit]) > 0)]


def budget_of(
    runs: Sequence[Run],
    histories: Sequence[History],
    unit: str,
    members: Sequence[Sequence[int]] = (),
) -> Budget:
    """Return the budget at which groups of runs are compared in a unit.

    Failed runs are left out. If every run of some seeds has ended, only these seeds are compared;
    otherwise those at which every group has begun. A seed at which one group is far behind
    therefore does not limit the comparison at the others. Groups that have no such seed in common
    are compared at all seeds.

    Args:
        runs: The runs.
        histories: Their histories.
        unit: The unit of the budget, a key of `UNITS`.
        members: The rows of each group of runs.
    """
    used = {run.pk: _total(h, unit) for run, h in zip(runs, histories, strict=True)}
    able = [run for run in runs if run.state != RunState.FAILED and run.reason != DECIDED]
    groups = [{runs[row].pk for row in rows} for rows in members]
    seeds = _compared_seeds(able, used, groups)
    compared = [run for run in able if run.seed in seeds and used[run.pk] > 0]
    totals = {run.pk: math.inf if _is_exhausted(run) else used[run.pk] for run in compared}
    limits = [total for total in totals.values() if total < math.inf]
    amount = min(limits, default=max((used[run.pk] for run in compared), default=None))
    notes = _notes(runs, used)
    if unit == DEFAULT_UNIT and limits and max(limits) > min(limits):
        notes.append("the runs evaluated different numbers of candidates")
    return Budget(unit, amount, totals, tuple(notes))


def _compared_seeds(
    able: Sequence[Run], used: Mapping[int, float], groups: Sequence[set[int]]
) -> set[int]:
    by_seed: dict[int, list[Run]] = {}
    for run in able:
        by_seed.setdefault(run.seed, []).append(run)
    needed = [group for group in groups if any(run.pk in group and used[run.pk] for run in able)]

    def suffices(seeds: set[int]) -> bool:
        """Return whether every group has a run at some of the seeds."""
        keys = {run.pk for seed in seeds for run in by_seed[seed]}
        return bool(seeds) and all(group & keys for group in needed)

    complete = {s for s, runs in by_seed.items() if all(run.state in ENDED_RUNS for run in runs)}
    begun = {s for s, runs in by_seed.items() if all(used[run.pk] > 0 for run in runs)}
    if suffices(complete):
        return complete
    return begun if suffices(begun) or not groups else set(by_seed)


def _is_exhausted(run: Run) -> bool:
    return run.state == RunState.FINISHED and run.budget_used < run.candidate_budget


def _total(history: History, unit: str) -> float:
    return history.totals[unit]


def _notes(runs: Sequence[Run], used: Mapping[int, float]) -> list[str]:
    notes = []
    moving = sum(run.state not in ENDED_RUNS for run in runs)
    failed = sum(run.state == RunState.FAILED for run in runs)
    decided = sum(run.reason == DECIDED for run in runs)
    idle = sum(
        run.state in (RunState.STOPPED, RunState.FINISHED)
        and not used[run.pk]
        and run.reason != DECIDED
        for run in runs
    )
    if moving:
        notes.append(f"{moving} of {len(runs)} runs have not ended")
    if failed:
        notes.append(f"{_runs(failed)} failed and {_are(failed)} left out")
    if decided:
        notes.append(f"{_runs(decided)} {_were(decided)} not needed: their comparison is decided")
    if idle:
        notes.append(f"{_runs(idle)} ended without a candidate and {_are(idle)} left out")
    return notes


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
