"""Saved views of lists, and the columns that each person chose."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from webapp.limits import MAX_NAME

KEY_BYTES = 6
MAX_VIEW_QUERY = 4000
MAX_VIEWS = 200  # of a person in a team
MAX_COLUMNS = 30
MAX_COLUMN = 80


def new_key() -> str:
    """Return a random key for a short link."""
    return secrets.token_urlsafe(KEY_BYTES)


class SavedView(models.Model):
    """A list with filter, sort and columns under a name; `key` is its short link.

    Attributes:
        shared: the whole team sees it in its list of views; the link works for members anyway.
        query: the query of the address, without page.
    """

    key = models.CharField(max_length=16, unique=True, default=new_key, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=MAX_NAME)
    shared = models.BooleanField(default=False)
    query = models.TextField(max_length=MAX_VIEW_QUERY, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["team", "owner", "name"], name="view_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class ChosenColumns(models.Model):
    """The columns of the list of runs in the order that a person chose."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="chosen_columns"
    )
    columns = ArrayField(models.CharField(max_length=MAX_COLUMN), default=list)

    def __str__(self) -> str:
        return f"{self.user_id}: {', '.join(self.columns)}"
