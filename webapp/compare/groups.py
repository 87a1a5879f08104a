"""Runs of a comparison in groups: the runs of one study and method, or a single run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

import numpy as np

from webapp.runs.models import Run

MAX_LABEL = 48


@dataclass
class Group:
    """Runs with one line in the plots.

    Attributes:
        label: in what the group differs from the others, such as the method.
        strategy: the method, which decides the colour.
        rows: places of its runs in the comparison.
        names: what each run is called within the group, such as "seed 3".
    """

    label: str
    strategy: str
    rows: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def groups_of(runs: Sequence[Run]) -> list[Group]:
    """Return the groups in the order of their first runs; runs need their study."""
    groups: dict[tuple, Group] = {}
    for row, run in enumerate(runs):
        key = (run.study_id, run.strategy) if run.study_id else ("run", run.pk)
        group = groups.setdefault(key, Group("", run.strategy))
        group.rows.append(row)
    found = list(groups.values())
    labels = _labels([runs[group.rows[0]] for group in found])
    for group, label in zip(found, labels, strict=True):
        group.label = label
        group.names = _names([runs[row] for row in group.rows])
    return found


def _labels(first: Sequence[Run]) -> list[str]:
    """Return the shortest of method, study and method, or name that tells the groups apart."""
    methods = [run.strategy for run in first]
    if len(set(methods)) == len(methods):
        return methods
    named = [f"{run.study.name}: {run.strategy}" if run.study else run.name for run in first]
    cut = [text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…" for text in named]
    return [
        text if cut.count(text) == 1 else f"{text} (#{run.pk})"
        for text, run in zip(cut, first, strict=True)
    ]


def _names(runs: Sequence[Run]) -> list[str]:
    """Return "seed 3" for each run if the seeds tell them apart, else the number of the run."""
    seeds = [run.seed for run in runs]
    if len(set(seeds)) == len(seeds):
        return [f"seed {seed}" for seed in seeds]
    return [f"#{run.pk}" for run in runs]


def group_figures(group: Group, figures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a group as JSON: mean and spread of its runs' figures, and its band."""
    own = [figures[row] for row in group.rows]
    return {
        "label": group.label,
        "strategy": group.strategy,
        "runs": [run["id"] for run in own],
        "names": group.names,
        "best": _summary([run["best"] for run in own]),
        "hypervolume": _summary([run["hypervolume"] for run in own]),
        "front": _summary([len(run["front"]) for run in own]),
        "seconds": _summary([run["seconds"] for run in own]),
        "told": sum(run["told"] for run in own),
        "budget": sum(run["budget"] for run in own),
        "band": band_of(own),
    }


def _summary(values: Sequence[float | None]) -> dict[str, Any]:
    """Return mean and standard deviation of the values that exist, and their number."""
    present = [value for value in values if value is not None]
    return {
        "mean": fmean(present) if present else None,
        "spread": stdev(present) if len(present) > 1 else None,
        "count": len(present),
        "of": len(values),
    }


def band_of(runs: Sequence[dict[str, Any]]) -> list[dict[str, float]]:
    """Return mean, lowest and highest hypervolume, as far as every run of the group goes."""
    curves = [run["curve"] for run in runs if run["curve"]]
    if not curves:
        return []
    begin = max(curve[0]["told"] for curve in curves)
    end = min(run["told"] for run in runs if run["curve"])
    steps = sorted({p["told"] for curve in curves for p in curve if begin <= p["told"] <= end})
    steps = sorted({*steps, end}) if steps and end >= begin else steps
    rows = []
    for curve in curves:
        told = np.array([point["told"] for point in curve])
        values = np.array([point["hypervolume"] for point in curve])
        rows.append(values[np.searchsorted(told, steps, side="right") - 1])
    table = np.array(rows).reshape(len(curves), len(steps))
    return [
        {"told": step, "mean": float(mean), "low": float(low), "high": float(high)}
        for step, mean, low, high in zip(
            steps, table.mean(axis=0), table.min(axis=0), table.max(axis=0), strict=True
        )
    ]
