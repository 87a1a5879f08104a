"""The union front of all runs of a team on one question, and what each run contributed.

Runs answer the same question if they have the same data set, space (name and settings) and
objectives.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nasengine.pareto.dominance import non_dominated
from nasengine.pareto.orientation import signs
from nasengine.pareto.volume import hypervolume
from webapp.accounts.models import Team
from webapp.compare.histories import common_reference, histories_of, shared_goals
from webapp.compare.selection import UNREAD_COLUMNS
from webapp.runs.models import Run

MAX_QUESTIONS = 100
MAX_RUNS = 200


@dataclass(frozen=True)
class Question:
    """Runs that search the same space on the same data for the same objectives."""

    key: str
    label: str
    runs: list[int]
    config: dict[str, Any]


@dataclass(frozen=True)
class Share:
    """The contribution of a run to the union front.

    Attributes:
        points: how many points of the union front it found, also those that others found too.
        only: the share of the union's hypervolume that would be lost without it.
    """

    run: Run
    points: int
    only: float


@dataclass(frozen=True)
class UnionFront:
    """The union front: its points in the units of the objectives, and the runs' shares.

    A point is {"values", "runs"}; several runs may have found it.
    """

    goals: list[Any]
    points: list[dict[str, Any]]
    shares: list[Share]
    volume: float
    left_out: int


def questions(team: Team) -> list[Question]:
    """Return the questions of the team's runs, those with the newest runs first."""
    rows = Run.objects.filter(team=team, archived_at=None, told__gt=0).order_by("-pk")
    columns = ("pk", "data_set", "data_set__name", "spec__space", "spec__space_config",
               "spec__objectives")  # fmt: skip
    found: dict[str, Question] = {}
    for pk, data, data_name, space, config, objectives in rows.values_list(*columns)[:20_000]:
        names = sorted(objectives or [])
        text = json.dumps([data, space, config, names], sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()[:12]
        if key not in found and len(found) >= MAX_QUESTIONS:
            continue
        label = f"{space} on {data_name}: {', '.join(names)}"
        found.setdefault(key, Question(key, label, [], config or {})).runs.append(pk)
    return _distinct(list(found.values()))


def _distinct(found: list[Question]) -> list[Question]:
    """Add to labels that several questions have what differs: space settings, else a run."""
    counts = Counter(question.label for question in found)
    return [
        question if counts[question.label] == 1 else replace(question, label=_full(question, found))
        for question in found
    ]


def _full(question: Question, found: list[Question]) -> str:
    alike = [other.config for other in found if other.label == question.label]
    differing = [
        f"{name.replace('_', ' ')} {_text(value)}"
        for name, value in sorted(question.config.items())
        if any(other.get(name) != value for other in alike)
    ]
    return f"{question.label}; {', '.join(differing) or f'as run {question.runs[0]}'}"


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def question_front(team: Team, question: Question) -> UnionFront:
    """Return the union front of the newest runs of a question."""
    keys = question.runs[:MAX_RUNS]
    rows = Run.objects.filter(team=team, pk__in=keys).select_related("study")
    runs = list(rows.defer(*UNREAD_COLUMNS).order_by("pk"))
    goals = shared_goals(runs)
    histories = histories_of(runs, goals)
    fronts = [_front(h.points[h.violations == 0]) for h in histories]
    reference = common_reference(histories)
    left_out = len(question.runs) - len(keys)
    filled = [row for row, front in enumerate(fronts) if len(front)]
    if reference is None or not filled:
        return UnionFront(goals, [], [], 0.0, left_out)
    owners = np.concatenate([np.full(len(fronts[row]), row) for row in filled])
    points = np.vstack([fronts[row] for row in filled])
    on = non_dominated(points)
    whole = hypervolume(points[on], reference)
    box = float(np.prod(np.abs(reference)))
    shares = []
    for row in np.unique(owners[on]).tolist():
        rest = points[owners != row]
        without = hypervolume(rest, reference) if len(rest) else 0.0
        lost = (whole - without) / whole if whole else 0.0
        own = np.unique(points[on & (owners == row)], axis=0)
        shares.append(Share(runs[row], len(own), max(0.0, lost)))
    values, places = np.unique(points[on], axis=0, return_inverse=True)
    finders = [np.unique(owners[on][places == place]).tolist() for place in range(len(values))]
    original = values * signs(goals)
    return UnionFront(
        goals,
        [
            {"values": value.tolist(), "runs": [runs[row] for row in rows]}
            for value, rows in zip(original, finders, strict=True)
        ],
        sorted(shares, key=lambda share: (-share.only, -share.points, share.run.pk)),
        whole / box if box else 0.0,
        left_out,
    )


def _front(points: np.ndarray) -> np.ndarray:
    return points[non_dominated(points)] if len(points) else points
