"""The worker's handle of its trainer process: start, request, receive, kill."""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from .output import Output

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[1]
STDERR_LINES = 20
WAKE: dict[str, Any] = {"type": "wake"}


class TrainerDied(Exception):
    """The trainer process ended unexpectedly; the text gives its signal or exit status."""


class TrainerProcess:
    """One trainer process in its own process group; it is restarted after it died."""

    def __init__(self, threads: int):
        self.threads = threads
        self.facts: dict[str, Any] = {}
        self._process: subprocess.Popen[str] | None = None
        self._messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._job = 0
        self.output = Output()

    def start(self) -> None:
        """Start the process unless it is running; it is ready some seconds later."""
        if self._process is not None and self._process.poll() is None:
            return
        self.kill()
        self._messages = queue.Queue()
        self._stderr = deque(maxlen=STDERR_LINES)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "workers.trainer", str(os.getpid())],
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
        assert self._process.stdout is not None and self._process.stderr is not None  # pipes
        _in_thread(_read_messages, self._process.stdout, self._messages)
        _in_thread(self._read_stderr, self._process.stderr, self._stderr)

    def evaluate(
        self,
        spec: dict[str, Any],
        proposal: dict[str, Any],
        weights: str = "",
        progress: dict[str, Any] | None = None,
    ) -> None:
        """Request one evaluation; `receive` then returns its messages.

        Args:
            spec: search settings as JSON.
            proposal: the candidate's proposal as JSON.
            weights: place of the weights of the run's candidates; empty: none are kept.
            progress: {"place", "seconds"} of the checkpoints of the training; None: no checkpoints.

        Raises:
            TrainerDied: the process could not take the request.
        """
        self.request("evaluate", spec=spec, proposal=proposal, weights=weights, progress=progress)

    def request(self, type: str, **values: Any) -> None:
        """Request one piece of work of a type of `trainer.HANDLERS`.

        Raises:
            TrainerDied: the process could not take the request.
        """
        self.start()
        self._job += 1
        self.output.begin()
        self._send(type=type, job=self._job, **values)

    def cancel(self) -> None:
        """Request that the process stops the current work."""
        with suppress(TrainerDied):
            self._send(type="cancel", job=self._job)

    def stop(self, seconds: float, report: Callable[[dict[str, Any]], None]) -> None:
        """Ask the work to stop and kill the process when it has stopped, or after `seconds`.

        A training stores a checkpoint first. `report` takes its reports until then.
        """
        self.cancel()
        deadline = time.monotonic() + seconds
        with suppress(TrainerDied):
            while (left := deadline - time.monotonic()) > 0:
                message = self.receive(left)
                if message and message["type"] == "outcome":
                    break
                if message and message["type"] == "progress":
                    report(message["point"])
        self.kill()

    def wake(self) -> None:
        """Let the current or the next `receive` return at once; any thread may call it."""
        self._messages.put(WAKE)

    def receive(self, seconds: float) -> dict[str, Any] | None:
        """Return the next message about the current work, None if none came in time.

        Raises:
            TrainerDied: with signal or exit status and the last line of stderr.
        """
        try:
            message = self._messages.get(timeout=seconds)
        except queue.Empty:
            return None
        if message is WAKE:
            return None
        if message is None:
            raise TrainerDied(self._death_report())
        if message["type"] == "ready":
            self.facts = message["facts"]
            return None
        return message if message["job"] == self._job else None

    def kill(self) -> None:
        """Kill the process and everything it started."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=2)
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()

    @property
    def pid(self) -> int | None:
        """The process id; None before the start and after the end."""
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    def _read_stderr(self, pipe: IO[str], words: deque[str]) -> None:
        for line in pipe:
            words.append(line.rstrip()[:300])
            log.info("trainer process: %s", line.rstrip()[:2000])
            self.output.add(line)

    def _send(self, **message: Any) -> None:
        pipe = self._process.stdin if self._process is not None else None
        if pipe is None:
            raise TrainerDied(self._death_report())
        try:
            pipe.write(json.dumps(message) + "\n")
            pipe.flush()
        except OSError:
            raise TrainerDied(self._death_report()) from None

    def _death_report(self) -> str:
        process = self._process
        if process is not None:
            with suppress(subprocess.TimeoutExpired):  # it closed its pipes and is still running
                process.wait(timeout=2)
        status = process.returncode if process is not None else None
        self.kill()  # and its own children
        words = next((line for line in reversed(self._stderr) if line.strip()), "")
        return f"the trainer process {_exit_text(status)}" + (f"; {words}" if words else "")

    def _environment(self) -> dict[str, str]:
        threads = str(self.threads)
        return {
            **os.environ,
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "PYTHONUNBUFFERED": "1",
        }


def _in_thread(read: Callable[..., None], pipe: IO[str], sink: object) -> None:
    threading.Thread(target=read, args=(pipe, sink), name=read.__name__, daemon=True).start()


def _read_messages(pipe: IO[str], messages: queue.Queue) -> None:
    for line in pipe:
        try:
            messages.put(json.loads(line))
        except ValueError:
            log.warning("unexpected output of the trainer process: %.200s", line)
    messages.put(None)


def _exit_text(status: int | None) -> str:
    if status is None:
        return "does not exist any more"
    if status >= 0:
        return f"ended with status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else "unknown"
    hint = " (out of memory, perhaps)" if -status == signal.SIGKILL else ""
    return f"was ended by signal {-status}, {name}{hint}"
