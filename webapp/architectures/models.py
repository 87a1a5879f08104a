"""Catalogue entries: the architectures that a team keeps."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from simple_history.models import HistoricalRecords

from webapp.limits import MAX_NAME, MAX_REASON


class Stage(models.TextChoices):
    """Stage of an entry in the review."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


class CatalogueEntry(models.Model):
    """An architecture that a team keeps, with its origin, stage and history.

    `measurements` is a copy of the candidate's measurements, and `source` names its run, so that
    the entry stays complete if the run is deleted.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="entries")
    name = models.CharField(max_length=MAX_NAME)
    architecture = models.JSONField()
    architecture_id = models.CharField(max_length=64)
    candidate = models.ForeignKey(
        "runs.Candidate", null=True, blank=True, on_delete=models.SET_NULL, related_name="entries"
    )
    source = models.JSONField(default=dict, blank=True)
    measurements = models.JSONField(default=list, blank=True)
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.PROPOSED)
    reason = models.CharField(max_length=MAX_REASON, blank=True)
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
