"""Evaluation worker: a process that evaluates one candidate at a time.

The loop queries the database when a notification arrives, and every `IDLE_SECONDS` without one.
A worker that has lost the broker therefore only starts later, by at most that time.
"""

from __future__ import annotations

import logging
import platform
import threading
import time
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from nasengine.core.errors import EngineError
from nasengine.core.measurement import Measurement
from nasengine.core.outcome import Outcome
from webapp.runs.services import claims, slots
from webapp.runs.services.claims import Claim
from webapp.runs.services.weights import sweep_weights
from webapp.tables.services.materialise import materialise_table, sweep_tables

from .database_retry import CONNECTION_ERRORS, limit_idle_transactions, retry_until_available
from .heartbeat import Heartbeat
from .trainer_process import TrainerDied, TrainerProcess
from .wake_up import WakeUp

log = logging.getLogger(__name__)
POLL_SECONDS = 0.2  # between two checks of lease and shutdown while a candidate trains
GRACE_SECONDS = 5.0  # for a cancelled candidate to stop before its process is killed
SWEEP_FILES_SECONDS = 3600.0  # between two sweeps of unused weights and table files


class Worker:
    """Claim a candidate, have it evaluated, report it, store its outcome; repeat until `stop`."""

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

    def stop(self) -> None:
        """Stop the loop at once; the claimed candidate returns to its queue."""
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
        """Evaluate candidates until the queues are empty."""
        while not self.stopping.is_set():
            self._sweep_files()
            claimed = retry_until_available(
                lambda: claims.claim(self.slot, self.queues), self.stopping
            )
            if claimed is None:
                return
            log.info(
                "run %s candidate %s: claimed (fence %s)",
                claimed.run_id,
                claimed.number,
                claimed.fence,
            )
            self._serve(claimed)

    def _sweep_files(self) -> None:
        """Delete unused files once per `SWEEP_FILES_SECONDS`.

        Workers do it because only they are sure to see the folders.
        """
        if time.monotonic() >= self.sweep_at:
            self.sweep_at = time.monotonic() + SWEEP_FILES_SECONDS
            for what, sweep in (("weights of runs", sweep_weights), ("tables", sweep_tables)):
                try:
                    deleted = retry_until_available(sweep, self.stopping)
                except OSError as error:
                    log.warning("%s not swept: %s", what, error)
                else:
                    log.info("%s deleted: %s", what, deleted or 0)

    def _serve(self, claimed: Claim) -> None:
        self.heartbeat.hold(claimed)
        started = time.monotonic()
        try:
            outcome = self._evaluate(claimed)
        finally:
            self.heartbeat.release()
        if outcome is not None:
            if outcome.seconds is None:  # it was cancelled, or its process died
                outcome = replace(outcome, seconds=round(time.monotonic() - started, 3))
            self._finish(claimed, outcome)

    def _evaluate(self, claimed: Claim) -> Outcome | None:
        """Return the outcome, or None if the candidate was returned or its lease was lost."""
        try:
            retry_until_available(lambda: materialise_table(claimed.spec), self.stopping)
            self.trainer.evaluate(claimed.spec, claimed.proposal, claimed.weights)
            return self._watch(claimed)
        except EngineError as error:
            return Outcome(claimed.number, "failed", reason=str(error))
        except TrainerDied as death:
            return Outcome(claimed.number, "failed", reason=str(death))

    def _watch(self, claimed: Claim) -> Outcome | None:
        deadline = time.monotonic() + settings.CANDIDATE_SECONDS
        cancelled = False
        while True:
            message = self.trainer.receive(POLL_SECONDS)
            if message and message["type"] == "outcome":
                self._note_data(claimed, message["digest"])
                return read_outcome(claimed.number, message["outcome"])
            if message:
                self._report(claimed, message["point"])
            if self.stopping.is_set():
                self._give_back(claimed)
                return None
            if self.heartbeat.verdict == "lost":
                log.warning("run %s candidate %s: lease lost", claimed.run_id, claimed.number)
                self.trainer.kill()
                return None
            if self.heartbeat.verdict == "cancel" and not cancelled:
                cancelled = True
                self.trainer.cancel()
                deadline = time.monotonic() + GRACE_SECONDS
            if time.monotonic() > deadline:
                return self._time_out(claimed, cancelled)

    def _report(self, claimed: Claim, point: dict[str, Any]) -> None:
        if retry_until_available(lambda: claims.report(claimed, point), self.stopping) is False:
            self.heartbeat.verdict = "lost"

    def _note_data(self, claimed: Claim, digest: str) -> None:
        if digest and digest != claimed.data_digest:
            retry_until_available(lambda: claims.record_data_digest(claimed, digest), self.stopping)

    def _time_out(self, claimed: Claim, cancelled: bool) -> Outcome:
        self.trainer.kill()
        if cancelled:
            return Outcome(claimed.number, "cancelled", reason="cancelled on request")
        limit = settings.CANDIDATE_SECONDS
        return Outcome(
            claimed.number,
            "failed",
            reason=f"took longer than CANDIDATE_SECONDS ({limit:g} s) and was stopped",
        )

    def _give_back(self, claimed: Claim) -> None:
        self.trainer.kill()
        try:
            claims.release_claim(claimed)
        except CONNECTION_ERRORS as error:
            log.warning("candidate not returned, its lease will expire: %s", error)

    def _finish(self, claimed: Claim, outcome: Outcome) -> None:
        try:
            stored = retry_until_available(lambda: claims.finish(claimed, outcome), self.stopping)
        except DatabaseError as error:  # the values were refused; the connection is fine
            reason = f"its result could not be stored: {str(error).partition(chr(10))[0]}"
            log.exception("run %s candidate %s: %s", claimed.run_id, claimed.number, reason)
            failed = Outcome(claimed.number, "failed", reason=reason)
            stored = retry_until_available(lambda: claims.finish(claimed, failed), self.stopping)
        word = "stored" if stored else "refused, the lease was lost"
        log.info("run %s candidate %s: %s, %s", claimed.run_id, claimed.number, outcome.state, word)
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


def read_outcome(number: int, raw: dict[str, Any]) -> Outcome:
    """Return the Outcome in a message of the trainer process.

    A measurement that is not finite makes the outcome "diverged"; the other measurements are kept.
    """
    kept, broken = [], []
    for value in raw["measurements"]:
        try:
            kept.append(Measurement.from_json(value))
        except ValueError as error:
            broken.append(str(error))
    state, reason = raw["state"], raw["reason"]
    if broken:
        state, reason = "diverged", reason or "; ".join(broken)
    known = {**raw, "number": number, "state": state, "reason": reason, "measurements": []}
    return replace(Outcome.from_json(known), measurements=tuple(kept))
