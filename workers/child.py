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
from contextlib import suppress
from pathlib import Path
from typing import Any

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
        readers = ((self._read_messages, self._messages), (self._read_words, self._words))
        for read, sink in readers:
            threading.Thread(target=read, args=(self._process, sink), daemon=True).start()

    def evaluate(self, question: dict[str, Any], proposal: dict[str, Any]) -> None:
        """Asks for one evaluation; `receive` then brings its messages.

        Raises:
            ChildDied: the process could not take the order.
        """
        self.start()
        self._job += 1
        self._send(type="evaluate", job=self._job, question=question, proposal=proposal)

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
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise ChildDied(self._obituary()) from None

    def _obituary(self) -> str:
        process = self._process
        status = process.wait(timeout=5) if process is not None else None
        self.kill()  # what it started may live on
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

    @staticmethod
    def _read_messages(process: subprocess.Popen[str], messages: queue.Queue) -> None:
        for line in process.stdout:
            try:
                messages.put(json.loads(line))
            except ValueError:
                log.warning("the training process said something else: %.200s", line)
        messages.put(None)

    @staticmethod
    def _read_words(process: subprocess.Popen[str], words: deque[str]) -> None:
        for line in process.stderr:
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
