"""Whether a coordinator does its work: its sweeps end."""

from __future__ import annotations

import time
from datetime import timedelta

from django.utils import timezone

from webapp.runs.models import WorkerSlot
from webapp.runs.services.slots import STALLED_SINCE, add_facts

STALLED_SECONDS = 300.0  # without a completed sweep; longer than any step of a strategy
RESTART_SECONDS = 1800.0  # without a completed sweep, after which the process starts again


class Progress:
    """Time since the last sweep of a coordinator that ended without an error.

    Heartbeats come from a thread of their own, so they go on while every thread of the pool hangs.
    Each coordinator starts a sweep by itself if it has received none, so a missing sweep means
    that its threads hang or that its sweeps fail.
    """

    def __init__(self) -> None:
        self._swept_at = time.monotonic()

    def swept(self) -> None:
        """Start to count again: a sweep has ended, or none could end."""
        self._swept_at = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the last completed sweep."""
        return time.monotonic() - self._swept_at

    def record(self, row: WorkerSlot) -> None:
        """Store in the row since when its sweeps no longer end, if that has changed."""
        is_stalled = self.seconds > STALLED_SECONDS
        if is_stalled != bool(row.facts.get(STALLED_SINCE)):
            since = timezone.now() - timedelta(seconds=self.seconds)
            add_facts(row, {STALLED_SINCE: since.isoformat() if is_stalled else None})

    def must_restart(self) -> bool:
        """Return whether the process must start again."""
        return self.seconds > RESTART_SECONDS
