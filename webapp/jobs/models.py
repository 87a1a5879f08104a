"""Jobs: work of minutes to days that an evaluation worker does for a page; abstract."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from webapp.limits import MAX_REASON
from webapp.runs.leased import Leased, Priority

MAX_ACTIVITY = 80


class JobState(models.TextChoices):
    """State of a job. A job that lost its worker is queued again, with the reason."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DIVERGED = "diverged"
    CANCELLED = "cancelled"


OPEN_JOBS = (JobState.QUEUED, JobState.RUNNING)
ENDED_BADLY = (JobState.FAILED, JobState.DIVERGED, JobState.CANCELLED)


class Job(Leased):
    """One job in a queue; see `Leased` for its lease.

    `reason` says why it ended, or why it is queued again. `progress` is the share that is done,
    from 0 to 1, and `activity` what its worker does at present, in words.
    """

    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    reason = models.CharField(max_length=MAX_REASON, blank=True)
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    progress = models.FloatField(default=0.0)
    activity = models.CharField(max_length=MAX_ACTIVITY, blank=True)
    slot = models.ForeignKey(
        "runs.WorkerSlot",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="%(class)ss",
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="requested_%(class)ss",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True
        indexes = [
            models.Index(
                fields=["queue", "priority"],
                condition=Q(state="queued"),
                name="%(class)ss_queued",
            ),
            models.Index(
                fields=["lease_until"], condition=Q(state="running"), name="%(class)ss_leased"
            ),
        ]

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in OPEN_JOBS
