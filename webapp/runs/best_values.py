"""The best value of each run by its own first objective, for lists of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .models import Run
from .numbers import value_text
from .objectives import goals_of_run

NOT_MEASURED = "no candidate is measured yet"
NOT_FEASIBLE = "no candidate meets the constraints"


@dataclass(frozen=True)
class Best:
    """The best value of a run's first objective; `reason` is why there is none."""

    objective: str
    value: float | None = None
    text: str = ""
    title: str = ""
    reason: str = NOT_MEASURED


def best_values(runs: Sequence[Run]) -> dict[int, Best]:
    """Return the best value of each run by its key, from what the run itself stores.

    It is the value of the run's best candidate, unless that violates a constraint.
    """
    return {run.pk: _best(run) for run in runs}


def _best(run: Run) -> Best:
    name = run.spec["objectives"][0]
    value = run.best_values.get(name)
    if value is None:
        return Best(name, reason=NOT_MEASURED if run.best is None else NOT_FEASIBLE)
    unit = {goal["name"]: goal["unit"] for goal in goals_of_run(run)}.get(name, "")
    title = f"candidate {run.best}: {name} {value!r} {unit}".strip()
    return Best(name, value, value_text(name, value, unit), title, "")
