"""Runs that another tool recorded: they can be read and compared, but not searched on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from nasengine.core.decision import Decision

from .models import Run

MAX_OPTIONS = 12  # more different numbers are grouped, more different texts are left out
GROUPS = 6
IMPORTED = "imported"  # space, estimator and data set of such a run
SOURCES = {
    "optuna": "Optuna",
    "mlflow": "MLflow",
    "tensorboard": "TensorBoard",
    "wandb": "W&B",
    "csv": "CSV",
}  # tool, which is the run's strategy: its title


def is_imported(run: Run) -> bool:
    """Return whether another tool recorded the run."""
    return bool(run.spec.get("estimator") == IMPORTED)


def recorded_choices(
    settings: Sequence[dict[str, Any]],
) -> tuple[tuple[Decision, ...], list[list[int]]]:
    """Return the settings of candidates as decisions, and the choice of each candidate.

    A setting with few values has one option for each, a number with many has ranges with equally
    many candidates; a setting that never changes is left out. -1 stands for no value.
    """
    names = sorted({name for row in settings for name in row})
    decisions: list[Decision] = []
    columns: list[list[int]] = []
    for name in names:
        options, column = _column([row.get(name) for row in settings])
        if len(options) > 1:
            decisions.append(Decision(name, tuple(options), "op", len(decisions)))
            columns.append(column)
    rows = [list(row) for row in zip(*columns, strict=True)] if columns else []
    return tuple(decisions), rows


def _column(values: list[Any]) -> tuple[list[str], list[int]]:
    """Return the options of one setting and the choice of each candidate."""
    present = [value for value in values if value is not None]
    numbers = all(type(value) in (int, float) for value in present)
    known = sorted(set(present)) if numbers else sorted({str(value) for value in present})
    if len(known) <= MAX_OPTIONS:
        places = {value: place for place, value in enumerate(known)}
        chosen = [-1 if v is None else places[v if numbers else str(v)] for v in values]
        return [f"{value:g}" if numbers else value for value in known], chosen
    if not numbers:
        return [], []
    edges = np.unique(np.quantile(np.array(present, float), np.linspace(0, 1, GROUPS + 1)))
    names = [f"{low:.3g} to {high:.3g}" for low, high in pairwise(edges)]
    inner = edges[1:-1]
    chosen = [-1 if v is None else int(np.searchsorted(inner, v, side="right")) for v in values]
    return names, chosen
