"""Saved comparisons, reports, and read-only links for people without an account."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from webapp.limits import MAX_NAME

MAX_QUERY = 8000


def new_key() -> str:
    """Return the random part of a short link."""
    return secrets.token_urlsafe(6)


class SavedComparison(models.Model):
    """The address of a comparison under a name and a short link, `/c/KEY/`.

    Attributes:
        query: the parameters of the address: runs, groups, budget, base, axes, colours.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="comparisons")
    name = models.CharField(max_length=MAX_NAME)
    key = models.CharField(max_length=16, unique=True, default=new_key)
    query = models.CharField(max_length=MAX_QUERY)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name


class Report(models.Model):
    """A text in Markdown with blocks that show runs, studies, comparisons and architectures."""

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="reports")
    title = models.CharField(max_length=MAX_NAME)
    text = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(db_default=Now())
    history = HistoricalRecords()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.title


class Kind(models.TextChoices):
    """The things that a link can show."""

    RUN = "run", "run"
    STUDY = "study", "study"
    COMPARISON = "comparison", "comparison"
    REPORT = "report", "report"
    ARCHITECTURE = "architecture", "architecture"


class ShareLink(models.Model):
    """A link that shows one thing to anyone who has it. Only the SHA-256 of its token is stored.

    Attributes:
        object_id: the key of the thing, which is in `team`.
        title: the name of the thing when the link was made.
        hint: the last characters of the token, so that people recognize the link.
        last_used: when it was last opened, to within half a minute.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="share_links")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    object_id = models.BigIntegerField()
    title = models.CharField(max_length=MAX_NAME)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    last_used = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.title} (…{self.hint})"
