"""The process behind trainers: that of one trainer, or one that the trainers of a worker share."""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[1]
STDERR_LINES = 20
Message = dict[str, Any]
Inbox = queue.Queue[Message]


class TrainerHost:
    """A trainer process in its own process group; it is started again after it died.

    Each job has an inbox for its messages. If the process dies, every open job gets a message
    "died" with the reason; if it is killed because of one job, the others get "ended". Any thread
    may call the methods.

    Args:
        threads: processor threads of each training.
        is_shared: it does several jobs at once, which take turns.
        on_line: called with each line that the process prints.
    """

    def __init__(
        self,
        threads: int,
        *,
        is_shared: bool = False,
        on_line: Callable[[str], None] = lambda line: None,
    ):
        self.threads = threads
        self.is_shared = is_shared
        self.facts: dict[str, Any] = {}
        self._on_line = on_line
        self._on_job_line: dict[int, Callable[[str], None]] = {}
        self._process: subprocess.Popen[str] | None = None
        self._inboxes: dict[int, Inbox] = {}  # of open jobs
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._stderr_reader: threading.Thread | None = None
        self._job = 0
        self._users = 1
        self._lock = threading.RLock()
        self._pipe_lock = threading.Lock()  # not the other: a kill ends a write that is stuck

    def start(self) -> None:
        """Start the process unless it is running; it is ready some seconds later."""
        with self._lock:
            process = self._process
            if process is not None and process.poll() is None:
                return
            if process is not None:
                self._bury(process)
            self._stderr = deque(maxlen=STDERR_LINES)
            process = self._process = subprocess.Popen(
                [sys.executable, "-m", "workers.trainer", str(os.getpid())]
                + ["shared"] * self.is_shared,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                cwd=ROOT,
                env=self._environment(),
                start_new_session=True,
            )
            assert process.stdout is not None and process.stderr is not None  # pipes
            _in_thread(self._read_messages, process, process.stdout)
            self._stderr_reader = _in_thread(self._read_stderr, process.stderr, self._stderr)
            if self._users > 1:
                self._tell_users()

    def request(
        self, inbox: Inbox, on_line: Callable[[str], None], type: str, **values: Any
    ) -> int:
        """Request a job and return its number.

        Args:
            inbox: takes the messages about the job, "died" if the process cannot take the request.
            on_line: called with each line that the job of a shared process prints.
        """
        with self._lock:
            self.start()
            self._job += 1
            job, process = self._job, self._process
            self._inboxes[job], self._on_job_line[job] = inbox, on_line
        if not _write(process, self._pipe_lock, type=type, job=job, **values):
            self._bury(process)  # unless it was killed meanwhile; both inform the job
        return job

    def cancel(self, job: int) -> None:
        """Request that the process stops a job."""
        _write(self._process, self._pipe_lock, type="cancel", job=job)

    def has_others(self, job: int) -> bool:
        """Return whether the process has other open jobs than this one."""
        with self._lock:
            return bool(self._inboxes.keys() - {job})

    def share_card(self, users: int) -> None:
        """Let the process count 1/users of the time and the energy of its card."""
        with self._lock:
            changes, self._users = users != self._users, users
        if changes and self.pid is not None:
            self._tell_users()

    def kill(self, job: int = 0) -> None:
        """Kill the process and everything it started.

        Args:
            job: the job that is the reason: it gets no message, and a shared process that does not
                do it any more goes on; 0: none is the reason.
        """
        with self._lock:
            if job and self.is_shared and job not in self._inboxes:
                return
            process, self._process = self._process, None
            inboxes, self._inboxes = self._inboxes, {}
            self._on_job_line.clear()
        for number, inbox in inboxes.items():
            if number != job:
                inbox.put({"type": "ended", "job": number})
        if process is not None:
            _end(process)

    @property
    def pid(self) -> int | None:
        """The process id; None before the start and after the end."""
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    def _tell_users(self) -> None:
        _write(self._process, self._pipe_lock, type="users", count=self._users)

    def _bury(self, process: subprocess.Popen[str] | None) -> None:
        """End what is left of the process if it died, and inform its jobs."""
        with self._lock:
            if process is None or process is not self._process:
                return
            with suppress(subprocess.TimeoutExpired):  # it closed its pipes and still runs
                process.wait(timeout=2)
            status = process.returncode
            _end(process)  # and its own children
            if self._stderr_reader is not None:
                self._stderr_reader.join(timeout=1)
            words = next((line for line in reversed(self._stderr) if line.strip()), "")
            text = f"the trainer process {_exit_text(status)}" + (f"; {words}" if words else "")
            inboxes, self._inboxes, self._process = self._inboxes, {}, None
            self._on_job_line.clear()
            for number, inbox in inboxes.items():
                inbox.put({"type": "died", "job": number, "text": text})

    def _read_messages(self, process: subprocess.Popen[str], pipe: IO[str]) -> None:
        for line in pipe:
            try:
                self._take(json.loads(line))
            except ValueError:
                log.warning("unexpected output of the trainer process: %.200s", line)
        self._bury(process)  # unless it was killed

    def _take(self, message: Message) -> None:
        job = message.get("job")
        with self._lock:
            if message["type"] == "ready":
                self.facts = message["facts"]
            elif message["type"] == "line":
                self._on_job_line.get(job or 0, self._on_line)(message["text"])
            elif inbox := self._inboxes.get(job or 0):
                if message["type"] == "outcome":
                    self._inboxes.pop(job or 0)
                    self._on_job_line.pop(job or 0)
                inbox.put(message)

    def _read_stderr(self, pipe: IO[str], words: deque[str]) -> None:
        for line in pipe:
            words.append(line.rstrip()[:300])
            log.info("trainer process: %s", line.rstrip()[:2000])
            self._on_line(line)

    def _environment(self) -> dict[str, str]:
        threads = str(self.threads)
        return {
            **os.environ,
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "PYTHONUNBUFFERED": "1",
        }


def _write(process: subprocess.Popen[str] | None, lock: threading.Lock, **message: Any) -> bool:
    """Send a message; return whether the process took it."""
    if process is None or process.stdin is None:
        return False
    try:
        with lock:
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
    except (OSError, ValueError):  # the pipe is broken, or closed by a kill
        return False
    return True


def _end(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=2)
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()


def _in_thread(read: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=read, args=arguments, name=read.__name__, daemon=True)
    thread.start()
    return thread


def _exit_text(status: int | None) -> str:
    if status is None:
        return "does not exist any more"
    if status >= 0:
        return f"ended with status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else "unknown"
    hint = " (out of memory, perhaps)" if -status == signal.SIGKILL else ""
    return f"was ended by signal {-status}, {name}{hint}"
