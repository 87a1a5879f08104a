"""Celery beat inside a coordinator: a thread that announces the periodic sweep."""

from __future__ import annotations

import threading
from typing import Any

from celery import beat
from django.conf import settings

from webapp.common.messages import Announcement, send
from webapp.common.queue_names import COORDINATOR_QUEUE


class SweepScheduler(beat.Scheduler):
    """Sends what is due as every announcement is sent: a dead broker costs one short attempt.

    The schedule needs no file: a sweep is due one interval after the start, and so on.
    """

    producer = None  # no connection of its own, which would be retried for ever

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Announce a task that is due."""
        seconds = entry.options.get("expires")
        send(Announcement(entry.task, COORDINATOR_QUEUE, expires=seconds))


def start_beat(app: Any) -> None:
    """Start beat in a thread, which ends with the process."""
    service = beat.Service(
        app, max_interval=settings.SWEEP_SECONDS, scheduler_cls=SweepScheduler, remote_control=False
    )
    threading.Thread(target=service.start, name="beat", daemon=True).start()
