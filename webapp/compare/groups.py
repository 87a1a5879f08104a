"""Runs of a comparison in groups: by study and method, by method, by study, or by a setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

import numpy as np

from webapp.runs.models import Run

from .differences import flattened

MAX_LABEL = 48


BY_STUDY_AND_METHOD, BY_METHOD, BY_STUDY, BY_RUN = "", "method", "study", "run"
GROUPINGS = {
    BY_STUDY_AND_METHOD: "study and method",
    BY_METHOD: "method",
    BY_STUDY: "study",
    BY_RUN: "run",
}
MAX_BAND = 120  # points of a band


@dataclass
class Group:
    """Runs with one line in the plots.

    Attributes:
        label: in what the group differs from the others, such as the method.
        strategy: the method of its first run, which decides the colour.
        rows: places of its runs in the comparison.
        names: what each run is called within the group, such as "seed 3".
    """

    label: str
    strategy: str
    rows: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def groups_of(runs: Sequence[Run], by: str = BY_STUDY_AND_METHOD) -> list[Group]:
    """Return the groups in the order of their first runs; runs need their study.

    Args:
        runs: the runs of the comparison.
        by: a key of `GROUPINGS`, or the name of a setting as `differences.flattened` writes it,
            such as "strategy_config.population".
    """
    groups: dict[tuple, Group] = {}
    for row, run in enumerate(runs):
        group = groups.setdefault(_key(run, by), Group("", run.strategy))
        group.rows.append(row)
    found = list(groups.values())
    labels = _labels_by(by, list(groups), [runs[group.rows[0]] for group in found])
    for group, label in zip(found, labels, strict=True):
        group.label = label
        group.names = _names([runs[row] for row in group.rows])
    return found


def _key(run: Run, by: str) -> tuple:
    if by == BY_METHOD:
        return ("method", run.strategy)
    if by == BY_STUDY and run.study_id:
        return ("study", run.study_id)
    if by == BY_STUDY_AND_METHOD and run.study_id:
        return (run.study_id, run.strategy)
    if by in GROUPINGS:
        return ("run", run.pk)
    return ("setting", dict(flattened(run.spec)).get(by))


def _labels_by(by: str, keys: Sequence[tuple], first: Sequence[Run]) -> list[str]:
    """Return a distinct label for each group."""
    if by == BY_METHOD:
        return [run.strategy for run in first]
    if by == BY_STUDY:
        named = [run.study.name if run.study else run.name for run in first]
        return _distinct(named, first)
    if by not in GROUPINGS:
        short = by.rpartition(".")[2]
        values = ["not set" if key[1] is None else key[1] for key in keys]
        return _distinct([f"{short} {value}" for value in values], first)
    return _labels(first)


def _labels(first: Sequence[Run]) -> list[str]:
    """Return the shortest distinct labels: method, study and method, or name."""
    methods = [run.strategy for run in first]
    if len(set(methods)) == len(methods):
        return methods
    named = [f"{run.study.name}: {run.strategy}" if run.study else run.name for run in first]
    return _distinct(named, first)


def _distinct(named: Sequence[str], first: Sequence[Run]) -> list[str]:
    """Shorten labels; equal ones get the number of a run of theirs."""
    cut = [text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…" for text in named]
    return [
        text if cut.count(text) == 1 else f"{text} (#{run.pk})"
        for text, run in zip(cut, first, strict=True)
    ]


def _names(runs: Sequence[Run]) -> list[str]:
    """Return "seed 3" for each run if the seeds differ, else the number of the run."""
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
    own = [run for run in runs if run["curve"]]
    if not own:
        return []
    begin = max(run["curve"][0]["spent"] for run in own)
    end = min(run["spent"] for run in own)
    steps = sorted({p["spent"] for run in own for p in run["curve"] if begin <= p["spent"] <= end})
    if len(steps) > MAX_BAND:
        steps = [steps[i] for i in np.linspace(0, len(steps) - 1, MAX_BAND).round().astype(int)]
    steps = sorted({*steps, end}) if steps and end >= begin else steps
    rows = []
    for run in own:
        spent = np.array([point["spent"] for point in run["curve"]])
        values = np.array([point["hypervolume"] for point in run["curve"]])
        rows.append(values[np.searchsorted(spent, steps, side="right") - 1])
    table = np.array(rows).reshape(len(own), len(steps))
    return [
        {"spent": step, "mean": float(mean), "low": float(low), "high": float(high)}
        for step, mean, low, high in zip(
            steps, table.mean(axis=0), table.min(axis=0), table.max(axis=0), strict=True
        )
    ]
