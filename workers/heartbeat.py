"""Signs of life, from a thread of its own: a long epoch or a slow fold stops no beat."""

from __future__ import annotations

import logging
import threading

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from webapp.runs.models import WorkerSlot
from webapp.runs.services.claims import Claim, beat
from webapp.runs.services.slots import touch

log = logging.getLogger(__name__)


class Heartbeat(threading.Thread):
    """Beats for a process, and for the candidate it holds.

    `verdict` is what the last beat said of the held candidate: "go", "cancel" or "lost".
    While the database is away it stays as it was: the work may still be adopted.
    """

    def __init__(self, slot: WorkerSlot):
        super().__init__(name="heart", daemon=True)
        self.slot = slot
        self.verdict = "go"
        self._claim: Claim | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def hold(self, claim: Claim) -> None:
        """From now on beats for this candidate too."""
        with self._lock:
            self._claim, self.verdict = claim, "go"

    def release(self) -> None:
        """No longer beats for a candidate."""
        with self._lock:
            self._claim = None

    def stop(self) -> None:
        """The thread ends with its present beat."""
        self._stopping.set()

    def run(self) -> None:
        while not self._stopping.wait(settings.HEARTBEAT_SECONDS):
            try:
                self._beat()
            except (DatabaseError, InterfaceError) as error:
                log.warning("beat not written: %s", str(error).partition("\n")[0])
                connection.close()
        connection.close()

    def _beat(self) -> None:
        touch(self.slot)
        held = self._claim
        if held is None:
            return
        verdict = beat(held)
        with self._lock:
            if self._claim is held:  # else it ended meanwhile and the answer is stale
                self.verdict = verdict
