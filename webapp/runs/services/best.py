"""The best candidate of a run, kept up to date as candidates end."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nasengine.pareto.orientation import oriented, violation
from nasengine.pareto.selection import best
from webapp.runs.models import Measurement, Run
from webapp.runs.objectives import constraints_of, goals_of


def update_best(run: Run, ended: Mapping[int, Mapping[str, float]]) -> None:
    """Compare newly measured candidates with the best of a locked run and store the best.

    Args:
        run: the locked run.
        ended: the values of done candidates by number; each has every objective.
    """
    if not ended:
        return
    rows = dict(ended)
    if run.best is not None:
        measured = Measurement.objects.filter(candidate__run=run, candidate__number=run.best)
        rows[run.best] = dict(measured.order_by().values_list("objective", "value"))
    numbers = sorted(rows)  # ties go to the lower number, whichever candidate ended first
    values = [rows[number] for number in numbers]
    constraints = constraints_of(run)
    excess = np.array([violation(named, constraints) for named in values])
    row = best(oriented(values, goals_of(run)), excess, numbers)
    if row is not None and numbers[row] != run.best:
        run.best = numbers[row]
        run.best_values = {} if excess[row] > 0 else _named(run, values[row])
        run.save(update_fields=["best", "best_values"])


def _named(run: Run, values: Mapping[str, float]) -> dict[str, float]:
    """Return the finite values of the run's objectives."""
    found = {goal.name: values.get(goal.name) for goal in goals_of(run)}
    return {name: float(x) for name, x in found.items() if x is not None and np.isfinite(x)}
