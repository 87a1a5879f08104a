"""Histories of ended runs, stored for comparisons."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q, QuerySet

from webapp.runs.models import ENDED_RUNS, Run


class StoredHistory(models.Model):
    """The history of an ended run over its own objectives, so that no page reads its candidates.

    It holds for the run as it was after the event `seq` when it ended at `ended_at`; a run that
    went on since needs a new one. `data` is `History.to_json`.
    """

    run = models.OneToOneField(Run, on_delete=models.CASCADE, primary_key=True, related_name="+")
    seq = models.BigIntegerField()
    told = models.PositiveIntegerField()
    ended_at = models.DateTimeField()
    data = models.JSONField()

    class Meta:
        verbose_name_plural = "stored histories"

    def __str__(self) -> str:
        return f"history of run {self.run_id}"


def current() -> QuerySet[StoredHistory]:
    """Return the histories of runs that have not changed since."""
    return StoredHistory.objects.filter(
        seq=F("run__seq"), told=F("run__told"), ended_at=F("run__ended_at")
    )


def runs_without_history() -> QuerySet[Run]:
    """Return the ended runs whose history is missing or out of date, newest first."""
    ended = Q(state__in=ENDED_RUNS, ended_at__isnull=False, told__gt=0)
    return Run.objects.filter(ended).exclude(pk__in=current().values("run")).order_by("-pk")
