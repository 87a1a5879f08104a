"""Heartbeats from a separate thread, so that a long epoch or a slow step does not delay them."""

from __future__ import annotations

import logging
import threading

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from webapp.runs.models import WorkerSlot
from webapp.runs.services.slots import touch

from .work import Work

log = logging.getLogger(__name__)


class Heartbeat(threading.Thread):
    """Renew the registration of a process and the lease of the work that it has claimed.

    `verdict` is the answer of the last heartbeat for the claimed work: "go", "cancel" or "lost".
    While the database is unreachable it keeps its value: the result may still be accepted.
    """

    def __init__(self, slot: WorkerSlot):
        super().__init__(name="heartbeat", daemon=True)
        self.slot = slot
        self.verdict = "go"
        self._work: Work | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def hold(self, work: Work) -> None:
        """Renew the lease of this work too, from now on."""
        with self._lock:
            self._work, self.verdict = work, "go"

    def release(self) -> None:
        """Stop renewing the lease of the work."""
        with self._lock:
            self._work = None

    def stop(self) -> None:
        """End the thread after its current heartbeat."""
        self._stopping.set()

    def run(self) -> None:
        while not self._stopping.wait(settings.HEARTBEAT_SECONDS):
            try:
                self._send()
            except (DatabaseError, InterfaceError) as error:
                log.warning("heartbeat not written: %s", str(error).partition("\n")[0])
                connection.close()
        connection.close()

    def _send(self) -> None:
        touch(self.slot)
        work = self._work
        if work is None:
            return
        verdict = work.heartbeat()
        with self._lock:
            if self._work is work:  # otherwise it finished meanwhile and the answer is outdated
                self.verdict = verdict
