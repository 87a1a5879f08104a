"""The runs of a study as one line of the list of runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from .models import Run
from .queries import BUSY_RUNS


@dataclass(frozen=True)
class StudyRow:
    """The matching runs of one study: how many there are, of which methods and seeds, how far."""

    pk: int
    name: str
    runs: int
    busy: int
    failed: int
    methods: list[str]
    seeds: int
    evaluated: int
    budget: int


def folded(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Return the runs without a study, and of each study only its newest run."""
    groups = runs.order_by().values(group=Coalesce(F("study_id"), -F("pk")))
    return runs.filter(pk__in=groups.annotate(newest=Max("pk")).values("newest"))


def study_rows(runs: QuerySet[Run], studies: Iterable[int]) -> dict[int, StudyRow]:
    """Return the lines of these studies by their keys, over those of the runs that match."""
    figures: dict[str, Any] = {
        "runs": Count("pk"),
        "busy": Count("pk", filter=Q(state__in=BUSY_RUNS)),
        "failed": Count("pk", filter=Q(state="failed")),
        "methods": ArrayAgg("strategy", distinct=True, default=[]),
        "seeds": Count("seed", distinct=True),
        "evaluated": Sum(F("told") - F("pruned")),
        "budget": Sum("candidate_budget"),
    }
    rows = (
        runs.filter(study__in=list(studies))
        .order_by()
        .values("study", "study__name")
        .annotate(**figures)
    )
    return {row[0]: StudyRow(*row) for row in rows.values_list("study", "study__name", *figures)}
