"""An evaluation slot: one process that holds at most one candidate at a time.

The loop looks into the database when a bell rings and every settings.IDLE_SECONDS anyway;
so a slot whose broker connection is dead or deaf is slower by that much, no more.
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
from nasengine.core.measurement import Measurement
from nasengine.core.outcome import Outcome
from webapp.runs.services import claims, slots
from webapp.runs.services.claims import Claim
from webapp.runs.services.weights import sweep_weights
from webapp.tables.services.materialise import materialise_table, sweep_tables

from .child_process import Child, ChildDied
from .database_retry import AWAY, hold_no_lock_longer_than, patiently
from .heartbeat import Heartbeat
from .wake_up import Wakeup

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.2  # between two looks at verdict and orders while a candidate trains
GRACE_SECONDS = 5.0  # for a cancelled candidate to end by itself
TIDY_SECONDS = 3600.0  # between two looks for weights that nobody needs any more


class Slot:
    """Claims, has trained, reports, finishes; until `stop`."""

    def __init__(self, name: str, queues: list[str], threads: int, wakeup: Wakeup):
        self.name = name
        self.queues = queues
        self.wakeup = wakeup
        self.child = Child(threads)
        self.stopping = threading.Event()
        self.facts = {"python": platform.python_version(), "machine": platform.machine()}
        self.slot: Any = None
        self.heart: Any = None
        self.tidy_at = 0.0

    def stop(self) -> None:
        """Ends the loop within moments; a candidate in hand goes back to its queue."""
        self.stopping.set()
        self.wakeup.ring()

    def run(self) -> None:
        """The loop; returns after `stop`."""
        hold_no_lock_longer_than(settings.LEASE_SECONDS / 2)
        self.child.start()  # loading the engine takes seconds; it may as well begin
        self.slot = patiently(self._register, self.stopping)
        if self.slot is not None:
            self.heart = Heartbeat(self.slot)
            self.heart.start()
            while not self.stopping.is_set():
                self._drain()
                if not self.stopping.is_set():
                    self.wakeup.wait(settings.IDLE_SECONDS)
        self._close()

    def _register(self) -> Any:
        return slots.register(self.name, "evaluation", self.queues, self.facts)

    def _drain(self) -> None:
        """Works until nothing waits any more."""
        while not self.stopping.is_set():
            self._tidy()
            held = patiently(lambda: claims.claim(self.slot, self.queues), self.stopping)
            if held is None:
                return
            log.info("run %s candidate %s: taken (fence %s)", held.run_id, held.number, held.fence)
            self._serve(held)

    def _tidy(self) -> None:
        """Now and then deletes files that nobody needs: slots see their folders for certain."""
        if time.monotonic() >= self.tidy_at:
            self.tidy_at = time.monotonic() + TIDY_SECONDS
            for what, sweep in (("weights of runs", sweep_weights), ("tables", sweep_tables)):
                try:
                    deleted = patiently(sweep, self.stopping)
                except OSError as error:
                    log.warning("old %s not looked for: %s", what, error)
                else:
                    log.info("%s deleted: %s", what, deleted or 0)

    def _serve(self, held: Claim) -> None:
        self.heart.hold(held)
        try:
            outcome = self._trained(held)
        finally:
            self.heart.release()
        if outcome is not None:
            self._finish(held, outcome)

    def _trained(self, held: Claim) -> Outcome | None:
        """The outcome; None where the candidate was given back or is no longer ours."""
        try:
            patiently(lambda: materialise_table(held.spec), self.stopping)
            self.child.evaluate(held.spec, held.proposal, held.weights)
            return self._watched(held)
        except EngineError as error:
            return Outcome(held.number, "failed", reason=str(error))
        except ChildDied as death:
            return Outcome(held.number, "failed", reason=str(death))

    def _watched(self, held: Claim) -> Outcome | None:
        deadline = time.monotonic() + settings.CANDIDATE_SECONDS
        cancelled = False
        while True:
            message = self.child.receive(LOOK_SECONDS)
            if message and message["type"] == "outcome":
                self._note_data(held, message["digest"])
                return read_outcome(held.number, message["outcome"])
            if message:
                self._report(held, message["point"])
            if self.stopping.is_set():
                self._give_back(held)
                return None
            if self.heart.verdict == "lost":
                log.warning("run %s candidate %s: no longer ours", held.run_id, held.number)
                self.child.kill()
                return None
            if self.heart.verdict == "cancel" and not cancelled:
                cancelled = True
                self.child.cancel()
                deadline = time.monotonic() + GRACE_SECONDS
            if time.monotonic() > deadline:
                return self._cut_short(held, cancelled)

    def _report(self, held: Claim, point: dict[str, Any]) -> None:
        if patiently(lambda: claims.report(held, point), self.stopping) is False:
            self.heart.verdict = "lost"

    def _note_data(self, held: Claim, digest: str) -> None:
        if digest and digest != held.data_digest:
            patiently(lambda: claims.record_data_digest(held, digest), self.stopping)

    def _cut_short(self, held: Claim, cancelled: bool) -> Outcome:
        self.child.kill()
        if cancelled:
            return Outcome(held.number, "cancelled", reason="ended on request")
        limit = settings.CANDIDATE_SECONDS
        return Outcome(held.number, "failed", reason=f"took longer than {limit:g} s and was ended")

    def _give_back(self, held: Claim) -> None:
        self.child.kill()
        try:
            claims.release_claim(held)
        except AWAY as error:
            log.warning("not given back, the lease will run out: %s", error)

    def _finish(self, held: Claim, outcome: Outcome) -> None:
        try:
            adopted = patiently(lambda: claims.finish(held, outcome), self.stopping)
        except DatabaseError as error:  # the values, not the connection
            reason = f"its result could not be stored: {str(error).partition(chr(10))[0]}"
            log.exception("run %s candidate %s: %s", held.run_id, held.number, reason)
            failed = Outcome(held.number, "failed", reason=reason)
            adopted = patiently(lambda: claims.finish(held, failed), self.stopping)
        word = "ended" if adopted else "too late, refused"
        log.info("run %s candidate %s: %s, %s", held.run_id, held.number, outcome.state, word)
        self._learn_facts()

    def _learn_facts(self) -> None:
        if self.child.facts.keys() - self.facts.keys():
            self.facts = {**self.facts, **self.child.facts}
            patiently(lambda: slots.add_facts(self.slot, self.facts), self.stopping)

    def _close(self) -> None:
        self.child.kill()
        if self.slot is not None:
            self.heart.stop()
            try:
                slots.retire(self.slot)
            except AWAY as error:
                log.warning("not signed out: %s", error)


def read_outcome(number: int, raw: dict[str, Any]) -> Outcome:
    """The Outcome in a message of the training process.

    A measurement that is no finite number makes it diverged; the others are kept.
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
    return Outcome(
        number, state, tuple(kept), reason, raw.get("epochs", 0), raw.get("findings", {})
    )
