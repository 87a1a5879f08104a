"""Uploaded files that a process of a coordinator reads."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class ImportState(models.TextChoices):
    """State of an import."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


OPEN_IMPORTS = (ImportState.WAITING, ImportState.RUNNING)


class UploadJob(models.Model):
    """An uploaded file on its way to rows of the team; a process claims it and reads it.

    Attributes:
        size_bytes: size of the file as uploaded.
        typed: what the form had in each field.
        progress: share of the file that was read.
        errors: why it failed: field of the form -> message.
        is_new: False if the team already had exactly this content.
        fence: number of claims so far; only the process with the newest one may finish.
        attempts: number of claims since it was last requested.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="%(class)ss")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    file_name = models.CharField(max_length=200)
    size_bytes = models.PositiveBigIntegerField()
    typed = models.JSONField(default=dict)
    state = models.CharField(
        max_length=10, choices=ImportState.choices, default=ImportState.WAITING, db_index=True
    )
    progress = models.FloatField(default=0.0)
    errors = models.JSONField(default=dict)
    is_new = models.BooleanField(default=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True)
    cancel_requested = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"import of {self.file_name}"

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in OPEN_IMPORTS
