"""Heartbeats from a separate thread, so that a long epoch or a slow step does not delay them."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection

from webapp.runs.services.slots import add_facts, touch

from .cards import card_facts
from .load import ProcessLoad

if TYPE_CHECKING:
    from .slot import Slot
    from .work import Work
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
        self._loads: dict[UUID, ProcessLoad] = {}
        self._load_due: dict[UUID, float] = {}
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
                self.worker.progress.swept()  # without the database no sweep can end
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
                self._store_load(slot, work)

    def _store_load(self, slot: Slot, work: Work) -> None:
        """Store the load of the process that trains, when the next sample is due."""
        load = self._loads.setdefault(slot.row.pk, ProcessLoad())
        now, pid = time.monotonic(), slot.trainer.pid
        if pid is None or now < self._load_due.get(slot.row.pk, 0.0):
            return
        sample = load.sample(pid, slot.row.facts.get("cards") or [])
        if sample is not None:
            self._load_due[slot.row.pk] = now + work.record_load(slot.row.name, sample)

    def _store_cards(self) -> None:
        """Store the load of the cards; without cards only the reason, once."""
        if not self.worker.slots:
            return
        facts = card_facts() if self._has_cards else {}
        self._has_cards = bool(facts.get("cards"))
        if facts:
            for slot in self.worker.slots:
                add_facts(slot.row, facts)
