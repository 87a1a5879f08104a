"""Imports of tables in a child process of the coordinator, which stays free for the runs.

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

from django.conf import settings
from django.db import connection

from webapp.start.processes import die_with_parent, end
from webapp.tables.models import TableImport
from webapp.tables.services import import_jobs

from .database_retry import CONNECTION_ERRORS

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[1]
NICENESS = 10
MAX_BEAT_SECONDS = 1.0  # the page shows the progress, and cancels
CANCELLED = 3  # exit status
requested = threading.Event()  # set by the Celery task


class TableImports:
    """Starts the child when an import waits, one at a time per coordinator."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def requested(self) -> bool:
        """Whether a message has announced an import since the last look."""
        return requested.is_set()

    def look(self) -> None:
        """Start the child if an import waits and none is running."""
        requested.clear()
        if self._child is not None and self._child.poll() is None:
            return
        self._child = None
        if import_jobs.waiting_imports():
            self._child = subprocess.Popen(
                [sys.executable, "-m", "workers", "imports"],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509  it only calls prctl and takes no lock
            )

    def stop(self) -> None:
        """End the child; its import returns to the queue."""
        if self._child is not None:
            end(self._child)


def import_waiting_tables() -> None:
    """Import the tables that wait, the oldest first, and return when none does."""
    os.nice(NICENESS)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    import_jobs.sweep_imports()
    while not stopping.is_set() and (job := import_jobs.claim()) is not None:
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
