"""Coordinator: advances runs when notified, and sweeps all runs at a fixed interval."""

from __future__ import annotations

import logging
import platform
import threading
import time
from collections import deque
from functools import partial
from typing import Any

from django.conf import settings

from webapp.architectures.models import EntryCheck
from webapp.architectures.services.checks import request_due_checks
from webapp.evaluations.models import Training
from webapp.exports.models import Export
from webapp.jobs import services as jobs
from webapp.jobs.models import Job
from webapp.runs.models import Run
from webapp.runs.services import slots
from webapp.runs.services.advance import advance_run, fail_run
from webapp.runs.services.lookups import SLICE_SECONDS
from webapp.runs.services.reaper import reap
from webapp.runs.services.sweep import notify_again, runs_to_advance

from .database_retry import CONNECTION_ERRORS, retry_until_available
from .heartbeat import Heartbeat
from .table_imports import TableImports
from .wake_up import WakeUp

log = logging.getLogger(__name__)
JOBS: tuple[type[Job], ...] = (Training, Export, EntryCheck)
CATALOGUE_SECONDS = 600  # how often entries are looked for that are due for their check


class Coordinator:
    """Advance runs; several coordinators may run, since a row lock admits one per run."""

    def __init__(self, name: str, wake_up: WakeUp):
        self.name = name
        self.wake_up = wake_up
        self.stopping = threading.Event()
        self.slot: Any = None
        self.unfinished: deque[int] = deque()  # runs with more table lookups, in turn
        self.imports = TableImports()
        self._catalogue_due = 0.0

    def stop(self) -> None:
        """Stop the loop after its current step."""
        self.stopping.set()
        self.wake_up.notify()

    def run(self) -> None:
        """Run the loop; return after `stop`."""
        self.slot = retry_until_available(self._register, self.stopping)
        if self.slot is None:
            return
        heartbeat = Heartbeat(self.slot)
        heartbeat.start()
        due = 0.0
        while not self.stopping.is_set():
            if time.monotonic() >= due:
                retry_until_available(self.sweep, self.stopping)
                due = time.monotonic() + settings.SWEEP_SECONDS
            self.advance(self.wake_up.wait(0 if self.unfinished else due - time.monotonic()))
            self.go_on()
            if self.imports.requested:
                retry_until_available(self.imports.look, self.stopping)
        heartbeat.stop()
        self.imports.stop()
        try:
            slots.retire(self.slot)
        except CONNECTION_ERRORS as error:
            log.warning("coordinator not signed out: %s", error)

    def sweep(self) -> None:
        """Requeue work of dead workers, advance runs that are behind, notify again."""
        reap()
        for model in JOBS:
            jobs.reap(model)
        self.advance(runs_to_advance())
        notify_again()
        self.imports.look()
        if time.monotonic() >= self._catalogue_due:
            self._catalogue_due = time.monotonic() + CATALOGUE_SECONDS
            request_due_checks()

    def advance(self, run_ids: list[int]) -> None:
        """Advance these runs; one that fails must not block the others.

        A run of table lookups gets its first step here and continues in `go_on`, in turn with the
        others.
        """
        for run_id in run_ids:
            if self.stopping.is_set():
                return
            if run_id not in self.unfinished:
                self._advance_with_retry(run_id, seconds=0.0)

    def go_on(self) -> None:
        """Give the next run with more table lookups a slice of time."""
        if self.unfinished and not self.stopping.is_set():
            self._advance_with_retry(self.unfinished.popleft(), seconds=SLICE_SECONDS)

    def _advance_with_retry(self, run_id: int, seconds: float) -> None:
        if retry_until_available(partial(self._advance, run_id, seconds), self.stopping):
            self.unfinished.append(run_id)

    def _advance(self, run_id: int, seconds: float) -> bool:
        try:
            return advance_run(run_id, seconds)
        except CONNECTION_ERRORS:
            raise
        except Run.DoesNotExist:
            log.debug("run %s does not exist any more", run_id)
        except Exception as error:
            log.exception("run %s could not be advanced", run_id)
            fail_run(run_id, f"could not be advanced: {type(error).__name__}: {error}")
        return False

    def _register(self) -> Any:
        worker_facts = {"python": platform.python_version()}
        return slots.register(self.name, "coordinator", ["coordinator"], worker_facts)
