"""When work is stopped because it makes no progress or takes too long."""

from __future__ import annotations

import threading
import time

from django.conf import settings

from .work import Work


class TimeLimit:
    """Watches the progress and the duration of one piece of work.

    Every message of the trainer process is a sign of progress. While it trains it sends one every
    few seconds, so a training may take days, but one that hangs is stopped.
    """

    def __init__(self, work: Work, task_seconds: float | None = None):
        """Start watching now.

        Args:
            work: the work that begins.
            task_seconds: time limit of the Celery task, if it has one.
        """
        self.work = work
        self.quiet_seconds: float | None = settings.PROGRESS_SECONDS if work.is_watched else None
        self.longest: float | None = getattr(settings, work.limit)
        self.task_seconds = task_seconds
        self.started = self.last = time.monotonic()

    def progressed(self) -> None:
        """Record a sign of progress."""
        self.last = time.monotonic()

    def rest(self) -> float:
        """Return the seconds until the work may have to be stopped."""
        ends = [
            start + seconds
            for start, seconds in (
                (self.last, self.quiet_seconds),
                (self.started, self.longest),
                (self.started, self.task_seconds),
            )
            if seconds is not None
        ]
        return max(0.0, min(ends, default=threading.TIMEOUT_MAX) - time.monotonic())

    def excess(self) -> str:
        """Return why the work has to be stopped; "" while it may go on."""
        now = time.monotonic()
        if self.quiet_seconds is not None and now - self.last > self.quiet_seconds:
            return (
                f"no sign of progress for {now - self.last:.0f} s, allowed are "
                f"{self.quiet_seconds:g} s (PROGRESS_SECONDS), so it was stopped: look for a slow "
                "disk or a hanging data loader on the worker, or raise PROGRESS_SECONDS"
            )
        if self.longest is not None and now - self.started > self.longest:
            return (
                f"took longer than {self.work.limit} ({self.longest:g} s) and was stopped: raise "
                f"or unset {self.work.limit}"
            )
        if self.task_seconds is not None and now - self.started > self.task_seconds:
            return f"took longer than its Celery task may ({self.task_seconds:g} s) and was stopped"
        return ""
