"""Reading studies with the progress of their runs."""

from __future__ import annotations

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from webapp.accounts.models import Team
from webapp.runs.models import ENDED_RUNS, Study


def studies_of(team: Team) -> QuerySet[Study]:
    """Return the team's studies, newest first, with counts of their runs and candidates."""
    return with_progress(Study.objects.filter(team=team).select_related("created_by"))


def with_progress(studies: QuerySet[Study]) -> QuerySet[Study]:
    """Add run_count, ended_count, failed_count, told, budget and strategies."""
    return studies.annotate(
        run_count=Count("runs"),
        ended_count=Count("runs", filter=Q(runs__state__in=ENDED_RUNS)),
        failed_count=Count("runs", filter=Q(runs__state="failed")),
        told=Coalesce(Sum(F("runs__told") - F("runs__pruned")), Value(0)),
        budget=Coalesce(Sum("runs__candidate_budget"), Value(0)),
        strategies=ArrayAgg(
            "runs__strategy", distinct=True, filter=Q(runs__isnull=False), default=Value([])
        ),
    ).order_by("-created_at", "-pk")
