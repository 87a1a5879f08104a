"""Imports of uploaded files, each in a child process of a coordinator, which stays free for runs.

The child has a low priority and memory of its own, and can be killed at any moment: an import
stores its rows in one transaction.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection

from webapp.common.messages import IMPORT_TABLES, Announcement, send
from webapp.common.queue_names import COORDINATOR_QUEUE
from webapp.datasets.models import DataUpload
from webapp.datasets.services import uploads
from webapp.imports import jobs as run_imports
from webapp.imports.models import RunImport
from webapp.start.processes import end
from webapp.tables.models import TableImport
from webapp.tables.services import import_jobs
from webapp.uploads import jobs
from webapp.uploads.models import UploadJob

from .database_retry import CONNECTION_ERRORS, retry_until_available

if TYPE_CHECKING:
    from .worker import Worker

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[1]
NICENESS = 10
MAX_BEAT_SECONDS = 1.0  # the page shows the progress, and cancels
CANCELLED = 3  # exit status
COMMAND = ("-m", "workers", "imports")
_importing = threading.Lock()  # one import at a time per worker


class Progress:
    """The share of a file that was read; the thread that renews the claim reads it."""

    def __init__(self) -> None:
        self.share: Callable[[], float] = lambda: 0.0

    def report(self, share: float) -> None:
        """Set the share."""
        self.share = lambda: share


@dataclass(frozen=True)
class Kind:
    """A kind of uploaded files.

    Attributes:
        model: the table of the imports.
        run: imports the file of a claimed import.
        sweep: deletes imports that ended long ago.
    """

    model: type[UploadJob]
    run: Callable[[Any, Progress], None]
    sweep: Callable[[], None]


def _import_table(job: TableImport, progress: Progress) -> None:
    file = import_jobs.content_of(job)
    size = max(len(file.getbuffer()), 1)
    progress.share = lambda: 1.0 if file.closed else file.tell() / size
    import_jobs.run(job, file)


def _read_data(upload: DataUpload, progress: Progress) -> None:
    uploads.run(upload, progress.report)


KINDS = (
    Kind(TableImport, _import_table, import_jobs.sweep_imports),
    Kind(DataUpload, _read_data, uploads.sweep_uploads),
    Kind(RunImport, lambda job, _: run_imports.run(job), run_imports.sweep),
)


def imports_wait() -> bool:
    """Return whether a file of any kind waits, or lost its process."""
    return any(jobs.waits(kind.model) for kind in KINDS)


class ImportProcess:
    """The child process of one import.

    It asks to end with its parent itself. With `preexec_fn`, Python forks, and a fork ends the
    threads of OpenBLAS: a strategy that multiplies matrices in another thread would never return.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, *COMMAND, "--claims", "1", "--parent", str(os.getpid())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __str__(self) -> str:
        return "import"

    def give_back(self) -> None:
        """End the process; its import returns to the queue."""
        end(self._process)

    def wait(self) -> int:
        """Wait until the process has ended and return its exit status."""
        return self._process.wait()


def import_next(task_id: str, worker: Worker) -> None:
    """Import the next file that waits; a second task of this worker meanwhile does nothing."""
    worker.registered.wait()
    if worker.stopping.is_set() or not _importing.acquire(blocking=False):
        return
    try:
        if not retry_until_available(imports_wait, worker.stopping):
            return
        child = ImportProcess()
        with worker.running(task_id, child):
            if worker.stopping.is_set():
                child.give_back()
            status = child.wait()
    finally:
        _importing.release()
    more = retry_until_available(imports_wait, worker.stopping)
    if more and status in (0, CANCELLED):
        send(Announcement(IMPORT_TABLES, COORDINATOR_QUEUE))


def import_waiting_files(claims: int) -> None:
    """Import the files that wait, the oldest of each kind first, at most so many, and return."""
    os.nice(NICENESS)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    for kind in KINDS:
        kind.sweep()
    for _ in range(claims):
        if stopping.is_set() or not _import_one(stopping):
            return


def _import_one(stopping: threading.Event) -> bool:
    """Import the next file that waits; return False if none does."""
    for kind in KINDS:
        job = jobs.claim(kind.model)
        if job is None:
            continue
        log.info("%s (%s): started", job, job.pk)
        progress = Progress()
        beats = _Beats(job, progress, stopping)
        beats.start()
        kind.run(job, progress)
        beats.stop()
        return True
    return False


class _Beats(threading.Thread):
    """Renews the claim, reports how much was read, and ends the process if it has to stop."""

    def __init__(self, job: UploadJob, progress: Progress, stopping: threading.Event):
        super().__init__(name="import heartbeat", daemon=True)
        self.job, self.progress, self.stopping = job, progress, stopping
        self._done = threading.Event()

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
            jobs.release(self.job)
            os._exit(0)
        verdict = jobs.beat(self.job, self.progress.share())
        if verdict == "cancel":
            jobs.release(self.job, cancelled=True)
        if verdict != "go":
            log.info("%s (%s): %s", self.job, self.job.pk, verdict)
            os._exit(CANCELLED)
