"""Catalogue entries: architectures a team decided to keep."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from simple_history.models import HistoricalRecords


class Stage(models.TextChoices):
    """How far a team trusts an entry."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


class CatalogueEntry(models.Model):
    """An architecture a team keeps, with where it came from, stage and history.

    `measurements` is a copy of what the candidate had when it was kept, so that the
    entry outlives its run.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="entries")
    name = models.CharField(max_length=120)
    architecture = models.JSONField()
    architecture_id = models.CharField(max_length=64)
    candidate = models.ForeignKey(
        "runs.Candidate", null=True, blank=True, on_delete=models.SET_NULL, related_name="entries"
    )
    source = models.JSONField(default=dict, blank=True)
    measurements = models.JSONField(default=list, blank=True)
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.PROPOSED)
    reason = models.CharField(max_length=500, blank=True)
    note = models.TextField(blank=True)
    kept_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="kept"
    )
    kept_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="decided",
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["-kept_at"]
        verbose_name_plural = "catalogue entries"
        constraints = [
            models.UniqueConstraint(fields=["team", "architecture_id"], name="kept_once_a_team")
        ]

    def __str__(self) -> str:
        return self.name
