"""Columns of work that a worker claims: candidates here, jobs of other apps."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from webapp.common.queue_names import DEFAULT_QUEUE


class Priority(models.IntegerChoices):
    """Work of a higher priority is started first, whatever team it belongs to."""

    LOW = -1, "Low: after all other work"
    NORMAL = 0, "Normal: in turn with other work"
    HIGH = 1, "High: before all other work"


class Leased(models.Model):
    """Work in a queue that one worker at a time holds by a lease.

    A subclass adds `slot`, the worker that claimed it last, and names the path to its team, whose
    share of the workers it uses (see services/shares.py). `lease_until` is the end of the lease
    and `fence` the fencing token, which grows with every claim; results with an older token are
    refused. `attempts` counts the claims that were not released since the work last made
    progress: it is 1 again when a checkpoint keeps more epochs than any before, and `kept_epochs`
    is how many that are. `cancel_asked` asks the worker to cancel. All times are from the
    database's clock.
    """

    team_path: ClassVar[str]

    queue = models.CharField(max_length=40, default=DEFAULT_QUEUE)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    kept_epochs = models.PositiveIntegerField(default=0)
    # Bytes of memory of the card on which the work did not fit: it needs one with more.
    memory_above = models.BigIntegerField(null=True, blank=True)
    cancel_asked = models.BooleanField(default=False)
    queued_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
