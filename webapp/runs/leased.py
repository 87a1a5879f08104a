"""Columns of work that a worker claims: candidates here, jobs of other apps."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Leased(models.Model):
    """Work in a queue that one worker at a time holds by a lease.

    A subclass adds `slot`, the worker that claimed it last. `lease_until` is the end of the lease
    and `fence` the fencing token, which grows with every claim; results with an older token are
    refused. `attempts` counts the claims that were not released, `cancel_asked` asks the worker
    to cancel. `rung_at` is the time of the last wake-up message to workers. All times are from
    the database's clock.
    """

    queue = models.CharField(max_length=40, default="cpu")
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    cancel_asked = models.BooleanField(default=False)
    queued_at = models.DateTimeField(db_default=Now(), editable=False)
    rung_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
