"""Comments of a team on runs, candidates and catalogue entries, with replies."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

TARGETS = ("run", "candidate", "entry")


def _exactly_one() -> Q:
    """Return the condition that one of the columns of TARGETS is set."""
    condition = Q()
    for target in TARGETS:
        condition |= Q(**{f"{name}__isnull": name != target for name in TARGETS})
    return condition


class Comment(models.Model):
    """A comment in Markdown. Exactly one of `run`, `candidate` and `entry` is set.

    Attributes:
        reply_to: the first comment of the thread; null for that comment itself.
        author: null after the account was deleted.
        edited_at: when the author last changed the text; null if never.
        deleted_at: when it was deleted; its text is gone, its replies stay.
    """

    run = models.ForeignKey(
        "runs.Run", null=True, blank=True, on_delete=models.CASCADE, related_name="comments"
    )
    candidate = models.ForeignKey(
        "runs.Candidate", null=True, blank=True, on_delete=models.CASCADE, related_name="comments"
    )
    entry = models.ForeignKey(
        "architectures.CatalogueEntry",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="comments",
    )
    reply_to = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="replies"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    text = models.TextField(blank=True)
    at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=_exactly_one(), name="comment_on_one_thing")
        ]

    def __str__(self) -> str:
        return f"comment {self.pk}"
