"""The coordinator: advances runs when a bell rings, and sweeps without any bell."""

from __future__ import annotations

import logging
import platform
import threading
import time
from collections import deque
from functools import partial
from typing import Any

from django.conf import settings

from webapp.runs.models import Run
from webapp.runs.services import slots
from webapp.runs.services.advance import advance_run, give_up
from webapp.runs.services.lookups import SLICE_SECONDS
from webapp.runs.services.reaper import reap
from webapp.runs.services.sweep import ring_again, runs_behind

from .database_retry import AWAY, patiently
from .heartbeat import Heartbeat
from .wake_up import Wakeup

log = logging.getLogger(__name__)


class Coordinator:
    """Any number of them may run: a run's row lock lets one at a time advance it."""

    def __init__(self, name: str, wakeup: Wakeup):
        self.name = name
        self.wakeup = wakeup
        self.stopping = threading.Event()
        self.slot: Any = None
        self.going_on: deque[int] = deque()  # runs with more to look up, whose turn comes

    def stop(self) -> None:
        """Ends the loop after what it does just now."""
        self.stopping.set()
        self.wakeup.ring()

    def run(self) -> None:
        """The loop; returns after `stop`."""
        self.slot = patiently(self._register, self.stopping)
        if self.slot is None:
            return
        heart = Heartbeat(self.slot)
        heart.start()
        due = 0.0
        while not self.stopping.is_set():
            if time.monotonic() >= due:
                patiently(self.sweep, self.stopping)
                due = time.monotonic() + settings.SWEEP_SECONDS
            self.advance(self.wakeup.wait(0 if self.going_on else due - time.monotonic()))
            self.go_on()
        heart.stop()
        try:
            slots.retire(self.slot)
        except AWAY as error:
            log.warning("not signed out: %s", error)

    def sweep(self) -> None:
        """Frees what dead workers held, advances what is behind, rings again."""
        reap()
        self.advance(runs_behind())
        ring_again()

    def advance(self, run_ids: list[int]) -> None:
        """Advances these runs; one that cannot be must not hold up the others.

        One that looks its candidates up begins, and goes on when nobody else waits.
        """
        for run_id in run_ids:
            if self.stopping.is_set():
                return
            if run_id not in self.going_on:
                self._advance_patiently(run_id, seconds=0.0)

    def go_on(self) -> None:
        """A slice of time for the next of the runs that have more to look up."""
        if self.going_on and not self.stopping.is_set():
            self._advance_patiently(self.going_on.popleft(), seconds=SLICE_SECONDS)

    def _advance_patiently(self, run_id: int, seconds: float) -> None:
        if patiently(partial(self._advance, run_id, seconds), self.stopping):
            self.going_on.append(run_id)

    def _advance(self, run_id: int, seconds: float) -> bool:
        try:
            return advance_run(run_id, seconds)
        except AWAY:
            raise
        except Run.DoesNotExist:
            log.debug("run %s is gone", run_id)
        except Exception as error:
            log.exception("run %s could not be advanced", run_id)
            give_up(run_id, f"could not be advanced: {type(error).__name__}: {error}")
        return False

    def _register(self) -> Any:
        facts = {"python": platform.python_version()}
        return slots.register(self.name, "coordinator", ["coordinator"], facts)
