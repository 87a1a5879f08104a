"""A slot of a worker: it does one piece of work at a time, in a trainer process."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from django.db import DatabaseError

from nasengine.core.errors import EngineError
from webapp.runs.models import WorkerSlot
from webapp.runs.services import slots
from webapp.runs.services.cards import lacks_cuda
from webapp.runs.services.leases import Verdict

from .database_retry import CONNECTION_ERRORS, retry_until_available
from .time_limit import TimeLimit
from .trainer_host import TrainerHost
from .trainer_process import TrainerDied, TrainerEnded, TrainerProcess
from .work import Ending, Work

log = logging.getLogger(__name__)
STOP_SECONDS = 5.0  # for returned work to store a checkpoint


class Slot:
    """Has the trainer process do claimed work, reports its progress and stores its outcome.

    One task at a time calls `serve`; every thread may call the other methods. The trainer process
    starts with the first work and stays warm for the next. If the slots of a worker share a
    process, a slot has one of its own only while it does work that may not share it.

    Args:
        row: the row of the slot in the database.
        threads: processor threads of each training.
        stopping: set when the worker stops.
        host: the process that slots share; None: they share none.
        on_change: called when the slot begins and ends work.

    Attributes:
        trainer: the trainer of the present or the last work.
    """

    def __init__(
        self,
        row: WorkerSlot,
        threads: int,
        stopping: threading.Event,
        host: TrainerHost | None = None,
        on_change: Callable[[], None] = lambda: None,
    ):
        self.row = row
        self.trainer = self._own = TrainerProcess(threads)
        self._shared = TrainerProcess(threads, host) if host is not None else None
        self._on_change = on_change
        self.stopping = stopping
        self.work: Work | None = None
        self.verdict: Verdict = "go"
        self.started = 0.0
        self.is_returning = False  # its task was revoked

    def serve(self, work: Work, task_seconds: float | None = None) -> None:
        """Do claimed work and store how it ended, unless it is returned or its lease is lost."""
        self.verdict, self.started = "go", time.monotonic()
        if self._shared is not None:
            self.trainer = self._shared if self._may_share(work) else self._own
        self.work = work
        self._on_change()
        try:
            ending = self._run(work, task_seconds)
        finally:
            self.work = None
            self._on_change()
            if self._shared is not None:
                self._own.kill()  # it would keep memory of the card
        if ending is not None:
            self._finish(work, ending)

    def give_back(self) -> None:
        """Return the work to its queue at once; does nothing without work."""
        self.is_returning = True
        self.trainer.wake()

    def kill(self) -> None:
        """Kill the trainer processes."""
        for trainer in self._trainers:
            trainer.close()

    def share_card(self, users: int) -> None:
        """Let the trainer processes count 1/users of the time and the energy of the card."""
        for trainer in self._trainers:
            trainer.share_card(users)

    @property
    def _trainers(self) -> list[TrainerProcess]:
        return [one for one in (self._own, self._shared) if one is not None]

    def _may_share(self, work: Work) -> bool:
        """Return whether the shared process does the work: on processors it would be slower."""
        return work.may_share and not lacks_cuda(self.row)

    def judge(self, work: Work, verdict: Verdict) -> None:
        """Take the answer of the last heartbeat for this work: "go", "cancel" or "lost".

        While the database is unreachable the last answer stays valid: the result may still be
        accepted.
        """
        if self.work is work and self.verdict != verdict:
            self.verdict = verdict
            self.trainer.wake()

    def _run(self, work: Work, task_seconds: float | None) -> Ending | None:
        """Return how the work ended, or None if it was returned or its lease was lost."""
        try:
            retry_until_available(work.prepare, self.stopping)
            work.start(self.trainer)
            return self._watch(work, TimeLimit(work, task_seconds))
        except TrainerDied as error:
            return replace(self._ended("failed", str(error)), is_crash=True)
        except TrainerEnded:
            log.warning("%s: its trainer process was killed because of other work", work)
            self._release(work)
            return None
        except EngineError as error:
            return self._ended("failed", str(error))

    def _watch(self, work: Work, limit: TimeLimit) -> Ending | None:
        cancelled_at: float | None = None
        while True:
            if self.is_returning or self.stopping.is_set():
                self._return(work)
                return None
            message = self.trainer.receive(self._rest(limit, cancelled_at))
            if message:
                limit.progressed()
            ended = message is not None and message["type"] == "outcome"
            self._record_output(work, ended)
            if message and message["type"] == "outcome":
                return Ending.of_message(message, time.monotonic() - self.started)
            if message and message["type"] == "progress":
                self._report(work, message["point"])
            if self.verdict == "lost":
                log.warning("%s: lease lost", work)
                self.trainer.end()
                return None
            if self.verdict == "cancel" and cancelled_at is None:
                cancelled_at = time.monotonic()
                self.trainer.cancel()
            grace = self.trainer.grace_seconds
            if cancelled_at is not None and time.monotonic() > cancelled_at + grace:
                self.trainer.kill()
                return self._ended("cancelled", "cancelled on request")
            if reason := limit.excess():
                self.trainer.end()
                return self._ended("failed", reason)

    def _rest(self, limit: TimeLimit, cancelled_at: float | None) -> float:
        """Return the seconds until something has to be done without a message."""
        if cancelled_at is None:
            return limit.rest()
        end = cancelled_at + self.trainer.grace_seconds
        return max(0.0, min(limit.rest(), end - time.monotonic()))

    def _ended(self, state: str, reason: str) -> Ending:
        """The ending of work for which the trainer process sent no outcome."""
        return Ending(state, reason, {}, seconds=time.monotonic() - self.started)

    def _record_output(self, work: Work, ended: bool) -> None:
        """Store what the training has printed; losing a line harms nothing."""
        if lines := self.trainer.output.take(at_once=ended):
            with suppress(*CONNECTION_ERRORS):
                work.record_output(lines)

    def _report(self, work: Work, point: dict[str, Any]) -> None:
        if retry_until_available(lambda: work.report(point), self.stopping) is False:
            self.verdict = "lost"

    def _return(self, work: Work) -> None:
        seconds = STOP_SECONDS if self.stopping.is_set() else self.trainer.grace_seconds
        self.trainer.stop(seconds, lambda point: self._report(work, point))
        self._release(work)

    def _release(self, work: Work) -> None:
        try:
            work.release()
        except CONNECTION_ERRORS as error:
            log.warning("%s not returned, its lease will expire: %s", work.noun, error)
        else:
            log.info("%s: returned to its queue", work)

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
        new = {k: v for k, v in self.trainer.facts.items() if k not in self.row.facts}
        if new:
            retry_until_available(lambda: slots.add_facts(self.row, new), self.stopping)
