"""Imports of tables, each in a child process of a coordinator, which stays free for the runs.

The child has a low priority and memory of its own, and can be killed at any moment: an import
stores its table in one transaction.
"""

from __future__ import annotations

import io
import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from webapp.common.messages import IMPORT_TABLES, Announcement, send
from webapp.common.queue_names import COORDINATOR_QUEUE
from webapp.start.processes import die_with_parent, end
from webapp.tables.models import TableImport
from webapp.tables.services import import_jobs

from .database_retry import CONNECTION_ERRORS, retry_until_available

if TYPE_CHECKING:
    from .worker import Worker

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[1]
NICENESS = 10
MAX_BEAT_SECONDS = 1.0  # the page shows the progress, and cancels
CANCELLED = 3  # exit status
_importing = threading.Lock()  # one import at a time per worker


class ImportProcess:
    """The child process of one import."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-m", "workers", "imports", "--claims", "1"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509  it only calls prctl and takes no lock
        )

    def __str__(self) -> str:
        return "table import"

    def give_back(self) -> None:
        """End the process; its import returns to the queue."""
        end(self._process)

    def wait(self) -> int:
        """Wait until the process has ended and return its exit status."""
        return self._process.wait()


def import_next(task_id: str, worker: Worker) -> None:
    """Import the next table that waits; a second task of this worker meanwhile does nothing."""
    worker.registered.wait()
    if worker.stopping.is_set() or not _importing.acquire(blocking=False):
        return
    try:
        if not retry_until_available(import_jobs.waiting_imports, worker.stopping):
            return
        child = ImportProcess()
        with worker.running(task_id, child):
            if worker.stopping.is_set():
                child.give_back()
            status = child.wait()
    finally:
        _importing.release()
    more = retry_until_available(import_jobs.waiting_imports, worker.stopping)
    if more and status in (0, CANCELLED):
        send(Announcement(IMPORT_TABLES, COORDINATOR_QUEUE))


def import_waiting_tables(claims: int) -> None:
    """Import the tables that wait, the oldest first, at most so many, and return when none does."""
    os.nice(NICENESS)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    import_jobs.sweep_imports()
    for _ in range(claims):
        if stopping.is_set() or (job := import_jobs.claim()) is None:
            return
        log.info("%s (%s): started", job, job.pk)
        file = import_jobs.content_of(job)
        beats = _Beats(job, file, stopping)
        beats.start()
        import_jobs.run(job, file)
        beats.stop()


class _Beats(threading.Thread):
    """Renews the claim, reports how much was read, and ends the process if it has to stop."""

    def __init__(self, job: TableImport, file: io.BytesIO, stopping: threading.Event):
        super().__init__(name="import heartbeat", daemon=True)
        self.job, self.file, self.stopping = job, file, stopping
        self._done = threading.Event()
        self._size = max(len(file.getbuffer()), 1)

    def stop(self) -> None:
        """End the thread."""
        self._done.set()
        self.join()

    def run(self) -> None:
        seconds = min(MAX_BEAT_SECONDS, settings.HEARTBEAT_SECONDS)
        while not self._done.wait(seconds):
            try:
                self._beat()
            except CONNECTION_ERRORS as error:
                log.warning("heartbeat not written: %s", str(error).partition("\n")[0])
                connection.close()
        connection.close()

    def _beat(self) -> None:
        if self.stopping.is_set():
            import_jobs.release(self.job)
            os._exit(0)
        read = self._size if self.file.closed else self.file.tell()
        verdict = import_jobs.beat(self.job, read / self._size)
        if verdict == "cancel":
            import_jobs.release(self.job, cancelled=True)
        if verdict != "go":
            log.info("%s (%s): %s", self.job, self.job.pk, verdict)
            os._exit(CANCELLED)
