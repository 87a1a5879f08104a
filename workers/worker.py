"""Evaluation worker: a process that evaluates one candidate, or does one job, at a time.

The loop queries the database when a notification arrives, and every `IDLE_SECONDS` without one.
A worker that has lost the broker therefore only starts later, by at most that time.
"""

from __future__ import annotations

import logging
import platform
import threading
import time
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from nasengine.core.errors import EngineError
from webapp.evaluations.services.networks import sweep_networks
from webapp.exports.services.archives import sweep_exports
from webapp.runs.services import slots
from webapp.runs.services.weights import sweep_weights
from webapp.tables.services.materialise import sweep_tables

from .database_retry import CONNECTION_ERRORS, limit_idle_transactions, retry_until_available
from .heartbeat import Heartbeat
from .next_work import next_work
from .time_limit import TimeLimit
from .trainer_process import TrainerDied, TrainerProcess
from .wake_up import WakeUp
from .work import Ending, Work

log = logging.getLogger(__name__)
POLL_SECONDS = 0.2  # between two checks of lease and shutdown while the trainer works
GRACE_SECONDS = 5.0  # for cancelled work to stop before its process is killed
STOP_SECONDS = 5.0  # for returned work to store a checkpoint
SWEEP_FILES_SECONDS = 3600.0  # between two sweeps of unused files
SWEEPS = {
    "weights of runs": sweep_weights,
    "tables": sweep_tables,
    "trained networks": sweep_networks,
    "exports": sweep_exports,
}


class Worker:
    """Claim work, have it done, report it, store its outcome; repeat until `stop`."""

    def __init__(self, name: str, queues: list[str], threads: int, wake_up: WakeUp):
        self.name = name
        self.queues = queues
        self.wake_up = wake_up
        self.trainer = TrainerProcess(threads)
        self.stopping = threading.Event()
        self.facts = {"python": platform.python_version(), "machine": platform.machine()}
        self.slot: Any = None
        self.heartbeat: Any = None
        self.sweep_at = 0.0
        self.started = 0.0  # when the present work was claimed

    def stop(self) -> None:
        """Stop the loop at once; the claimed work returns to its queue."""
        self.stopping.set()
        self.wake_up.notify()

    def run(self) -> None:
        """Run the loop; return after `stop`."""
        limit_idle_transactions(settings.LEASE_SECONDS / 2)
        self.trainer.start()  # importing the engine takes seconds: do it while waiting for work
        self.slot = retry_until_available(self._register, self.stopping)
        if self.slot is not None:
            self.heartbeat = Heartbeat(self.slot)
            self.heartbeat.start()
            while not self.stopping.is_set():
                self._drain()
                if not self.stopping.is_set():
                    self.wake_up.wait(settings.IDLE_SECONDS)
        self._close()

    def _register(self) -> Any:
        return slots.register(self.name, "evaluation", self.queues, self.facts)

    def _drain(self) -> None:
        """Do work until the queues are empty."""
        while not self.stopping.is_set():
            self._sweep_files()
            work = retry_until_available(lambda: next_work(self.slot, self.queues), self.stopping)
            if work is None:
                return
            log.info("%s: claimed (fence %s)", work, work.fence)
            self._serve(work)

    def _sweep_files(self) -> None:
        """Delete unused files once per `SWEEP_FILES_SECONDS`.

        Workers do it because only they are sure to see the folders.
        """
        if time.monotonic() >= self.sweep_at:
            self.sweep_at = time.monotonic() + SWEEP_FILES_SECONDS
            for what, sweep in SWEEPS.items():
                try:
                    deleted = retry_until_available(sweep, self.stopping)
                except OSError as error:
                    log.warning("%s not swept: %s", what, error)
                else:
                    log.info("%s deleted: %s", what, deleted or 0)

    def _serve(self, work: Work) -> None:
        self.heartbeat.hold(work)
        self.started = time.monotonic()
        try:
            ending = self._run(work)
        finally:
            self.heartbeat.release()
        if ending is not None:
            self._finish(work, ending)

    def _run(self, work: Work) -> Ending | None:
        """Return how the work ended, or None if it was returned or its lease was lost."""
        try:
            retry_until_available(work.prepare, self.stopping)
            work.start(self.trainer)
            return self._watch(work)
        except (EngineError, TrainerDied) as error:
            return self._ended("failed", str(error))

    def _watch(self, work: Work) -> Ending | None:
        limit = TimeLimit(work)
        cancelled_at: float | None = None
        while True:
            message = self.trainer.receive(POLL_SECONDS)
            if message:
                limit.progressed()
            if message and message["type"] == "outcome":
                return Ending.of_message(message, time.monotonic() - self.started)
            if message and message["type"] == "progress":
                self._report(work, message["point"])
            if self.stopping.is_set():
                self._give_back(work)
                return None
            if self.heartbeat.verdict == "lost":
                log.warning("%s: lease lost", work)
                self.trainer.kill()
                return None
            if self.heartbeat.verdict == "cancel" and cancelled_at is None:
                cancelled_at = time.monotonic()
                self.trainer.cancel()
            if cancelled_at is not None and time.monotonic() > cancelled_at + GRACE_SECONDS:
                self.trainer.kill()
                return self._ended("cancelled", "cancelled on request")
            if reason := limit.excess():
                self.trainer.kill()
                return self._ended("failed", reason)

    def _ended(self, state: str, reason: str) -> Ending:
        """The ending of work for which the trainer process sent no outcome."""
        return Ending(state, reason, {}, seconds=time.monotonic() - self.started)

    def _report(self, work: Work, point: dict[str, Any]) -> None:
        if retry_until_available(lambda: work.report(point), self.stopping) is False:
            self.heartbeat.verdict = "lost"

    def _give_back(self, work: Work) -> None:
        self.trainer.stop(STOP_SECONDS, lambda point: self._report(work, point))
        try:
            work.release()
        except CONNECTION_ERRORS as error:
            log.warning("%s not returned, its lease will expire: %s", work.noun, error)

    def _finish(self, work: Work, ending: Ending) -> None:
        try:
            stored = retry_until_available(lambda: work.finish(ending), self.stopping)
        except DatabaseError as error:  # the values were refused; the connection is fine
            reason = f"its result could not be stored: {str(error).partition(chr(10))[0]}"
            log.exception("%s: %s", work, reason)
            failed = Ending("failed", reason, {}, seconds=ending.seconds)
            stored = retry_until_available(lambda: work.finish(failed), self.stopping)
        word = "stored" if stored else "refused, the lease was lost"
        log.info("%s: %s, %s", work, ending.state, word)
        self._update_facts()

    def _update_facts(self) -> None:
        if self.trainer.facts.keys() - self.facts.keys():
            self.facts = {**self.facts, **self.trainer.facts}
            retry_until_available(lambda: slots.add_facts(self.slot, self.facts), self.stopping)

    def _close(self) -> None:
        self.trainer.kill()
        if self.slot is not None:
            self.heartbeat.stop()
            try:
                slots.retire(self.slot)
            except CONNECTION_ERRORS as error:
                log.warning("worker not signed out: %s", error)
