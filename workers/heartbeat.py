"""Heartbeats from a separate thread, so that a long epoch or a slow step does not delay them."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, connection

from webapp.runs.services.slots import touch

if TYPE_CHECKING:
    from .worker import Worker

log = logging.getLogger(__name__)


class Heartbeat(threading.Thread):
    """Registers a worker, then renews its rows and the leases of the work that it has claimed.

    After each heartbeat the worker looks whether messages for it were lost.
    """

    def __init__(self, worker: Worker):
        super().__init__(name="heartbeat", daemon=True)
        self.worker = worker
        self._ended = threading.Event()

    def stop(self) -> None:
        """End the thread after its current heartbeat."""
        self._ended.set()

    def run(self) -> None:
        self.worker.register()
        while not self._ended.wait(self.worker.pause_seconds()):
            try:
                self._send()
                self.worker.find_lost_messages()
            except (DatabaseError, InterfaceError) as error:
                log.warning("heartbeat not written: %s", str(error).partition("\n")[0])
                connection.close()
        connection.close()

    def _send(self) -> None:
        touch(self.worker.rows)
        for slot in self.worker.slots:
            if (work := slot.work) is not None:
                slot.judge(work, work.heartbeat())
