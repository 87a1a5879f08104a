"""Heartbeats from a separate thread, so that a long epoch or a slow step does not delay them."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, connection

from webapp.runs.services.slots import add_facts, touch

from .cards import card_facts

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
        self._has_cards = True  # until NVML reports none

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
            except Exception:  # the leases of running work must be renewed all the same
                log.exception("heartbeat failed")
        connection.close()

    def _send(self) -> None:
        touch(self.worker.rows)
        self._store_cards()
        for slot in self.worker.slots:
            if (work := slot.work) is not None:
                slot.judge(work, work.heartbeat())

    def _store_cards(self) -> None:
        """Store the load of the cards; without cards only the reason, once."""
        if not self.worker.slots:
            return
        facts = card_facts() if self._has_cards else {}
        self._has_cards = bool(facts.get("cards"))
        if facts:
            for slot in self.worker.slots:
                add_facts(slot.row, facts)
