"""The runs of a study, or of another group, as one line of the list of runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Avg, Count, F, Q, QuerySet, StdDev, Sum
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from .models import Run
from .numbers import value_text
from .queries import BUSY_RUNS


@dataclass(frozen=True)
class StudyRow:
    """The matching runs of one study: how many there are, of which methods and seeds, how far.

    For another group `pk` is one of its runs, `parameter` is "within", `group` is what the runs
    share, and `keys` may be empty.
    """

    pk: int
    name: str
    runs: int
    busy: int
    failed: int
    methods: list[str]
    seeds: int
    evaluated: int
    budget: int
    keys: list[int]
    leader: Leader | None = None
    parameter: str = "study"
    group: str = ""

    @property
    def is_study(self) -> bool:
        return self.parameter == "study"

    @property
    def address(self) -> str:
        """Return the query of the list of its runs."""
        own = f"{self.parameter}={self.pk}"
        return own if self.is_study else f"group={quote(self.group)}&{own}"


@dataclass(frozen=True)
class Leader:
    """The method with the best mean of the first objective over its runs."""

    method: str
    objective: str
    mean: float
    deviation: float | None
    runs: int
    unit: str

    @property
    def text(self) -> str:
        return value_text(self.objective, self.mean, self.unit, self.deviation)

    @property
    def title(self) -> str:
        spread = "" if self.deviation is None else f", standard deviation {self.deviation:.4g}"
        return f"{self.method}: mean {self.objective} {self.mean!r} of {self.runs} runs{spread}"


def folded(keys: Sequence[tuple[int, Any]]) -> list[int]:
    """Return the runs without a study, and of each study only its newest run, in their order.

    Args:
        keys: the number of each run and that of its study, or another value of its group.
    """
    newest: dict[Any, int] = {}
    for run, study in keys:
        if study is not None:
            newest[study] = max(run, newest.get(study, run))
    return [run for run, study in keys if study is None or newest[study] == run]


def study_rows(keys: list[int]) -> dict[int, StudyRow]:
    """Return the lines of studies by their keys, over these runs: two queries at most."""
    if not keys:
        return {}
    return lines_of(Run.objects.filter(pk__in=keys), F("study"), F("study__name"))


def lines_of(runs: QuerySet[Run], line: Any, name: Any) -> dict[Any, StudyRow]:
    """Return the lines of groups of runs by an expression whose values tell the groups apart.

    Args:
        runs: the runs of all groups.
        line: the value that the runs of a group share.
        name: the name of the group.
    """
    runs = runs.annotate(line_key=line, line_name=name)
    figures: dict[str, Any] = {
        "runs": Count("pk"),
        "busy": Count("pk", filter=Q(state__in=BUSY_RUNS)),
        "failed": Count("pk", filter=Q(state="failed")),
        "methods": ArrayAgg("strategy", distinct=True, default=[]),
        "seeds": Count("seed", distinct=True),
        "evaluated": Sum(F("told") - F("pruned") - F("retried")),
        "budget": Sum("candidate_budget"),
        "keys": ArrayAgg("pk", order_by="pk", default=[]),
    }
    rows = runs.order_by().values("line_key", "line_name").annotate(**figures)
    leaders = _leaders(runs)
    return {
        row[0]: replace(StudyRow(*row), leader=leaders.get(row[0]))
        for row in rows.values_list("line_key", "line_name", *figures)
    }


def _leaders(runs: QuerySet[Run]) -> dict[Any, Leader]:
    """Return the leader of each group whose runs share their first objective: one query."""
    goal = KeyTransform("0", "objectives")
    named = runs.annotate(
        better=KeyTextTransform("better", goal), unit=KeyTextTransform("unit", goal)
    )
    groups = (
        named.order_by()
        .values_list("line_key", "strategy", "first_objective", "better", "unit")
        .annotate(mean=Avg("best_value"), deviation=StdDev("best_value", sample=True))
        .annotate(count=Count("best_value"))
    )
    leaders: dict[Any, Leader] = {}
    objectives: dict[Any, set[str]] = defaultdict(set)
    for study, method, objective, better, unit, mean, deviation, count in groups:
        objectives[study].add(objective)
        if mean is None:
            continue
        sign = -1 if better == "higher" else 1
        other = leaders.get(study)
        if other is None or sign * mean < sign * other.mean:
            leaders[study] = Leader(method, objective, mean, deviation, count, unit or "")
    return {study: leader for study, leader in leaders.items() if len(objectives[study]) == 1}
