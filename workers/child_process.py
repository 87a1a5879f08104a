"""The slot's side of the training process: start, ask, listen, kill."""

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
LAST_WORDS = 20


class ChildDied(Exception):
    """The training process ended by itself; the text says how."""


class Child:
    """One training process with its own process group; started again after it died."""

    def __init__(self, threads: int):
        self.threads = threads
        self.facts: dict[str, Any] = {}
        self._process: subprocess.Popen[str] | None = None
        self._messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._words: deque[str] = deque(maxlen=LAST_WORDS)
        self._job = 0

    def start(self) -> None:
        """Starts the process where none lives; it is ready some seconds later."""
        if self._process is not None and self._process.poll() is None:
            return
        self.kill()
        self._messages = queue.Queue()
        self._words = deque(maxlen=LAST_WORDS)
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
        _aside(_read_messages, self._process.stdout, self._messages)
        _aside(_read_words, self._process.stderr, self._words)

    def evaluate(self, spec: dict[str, Any], proposal: dict[str, Any], weights: str = "") -> None:
        """Asks for one evaluation; `receive` then brings its messages.

        `weights` is the folder of the search's weights; without one nothing is kept.

        Raises:
            ChildDied: the process could not take the order.
        """
        self.start()
        self._job += 1
        self._send(type="evaluate", job=self._job, spec=spec, proposal=proposal, weights=weights)

    def cancel(self) -> None:
        """Asks the process to give up the present candidate."""
        with suppress(ChildDied):
            self._send(type="cancel", job=self._job)

    def receive(self, seconds: float) -> dict[str, Any] | None:
        """The next message about the present candidate, None when none came in time.

        Raises:
            ChildDied: with signal or exit status and its last words.
        """
        try:
            message = self._messages.get(timeout=seconds)
        except queue.Empty:
            return None
        if message is None:
            raise ChildDied(self._obituary())
        if message["type"] == "ready":
            self.facts = message["facts"]
            return None
        return message if message["job"] == self._job else None

    def kill(self) -> None:
        """Ends the process and everything it started."""
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

    def _send(self, **message: Any) -> None:
        pipe = self._process.stdin if self._process is not None else None
        if pipe is None:
            raise ChildDied(self._obituary())
        try:
            pipe.write(json.dumps(message) + "\n")
            pipe.flush()
        except OSError:
            raise ChildDied(self._obituary()) from None

    def _obituary(self) -> str:
        process = self._process
        if process is not None:
            with suppress(subprocess.TimeoutExpired):  # it closed its lines and lives on
                process.wait(timeout=2)
        status = process.returncode if process is not None else None
        self.kill()  # also what it started
        words = next((line for line in reversed(self._words) if line.strip()), "")
        return f"the training process {_how_it_ended(status)}" + (f"; {words}" if words else "")

    def _environment(self) -> dict[str, str]:
        threads = str(self.threads)
        return {
            **os.environ,
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "PYTHONUNBUFFERED": "1",
        }


def _aside(read: Callable[..., None], pipe: IO[str], sink: object) -> None:
    threading.Thread(target=read, args=(pipe, sink), name=read.__name__, daemon=True).start()


def _read_messages(pipe: IO[str], messages: queue.Queue) -> None:
    for line in pipe:
        try:
            messages.put(json.loads(line))
        except ValueError:
            log.warning("the training process said something else: %.200s", line)
    messages.put(None)


def _read_words(pipe: IO[str], words: deque[str]) -> None:
    for line in pipe:
        words.append(line.rstrip()[:300])
        log.info("training process: %s", line.rstrip()[:2000])


def _how_it_ended(status: int | None) -> str:
    if status is None:
        return "is gone"
    if status >= 0:
        return f"ended with status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else "unknown"
    hint = " (out of memory, perhaps)" if -status == signal.SIGKILL else ""
    return f"was ended by signal {-status}, {name}{hint}"
