"""The handle of the process that runs botorch: one for this process, started when it is needed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

from ...core.errors import EngineError

MAX_STARTS = 2  # for one request
COMMAND = (sys.executable, "-m", "nasengine.strategies.qlognehvi.child")
LAST_WORDS = 4000  # bytes of the error output that are looked at


class BotorchProcess:
    """Answers requests in a child process; any thread may ask, one request at a time.

    The child keeps nothing between requests, so it may end at any time: the next request starts
    another one, which gives the same answers.
    """

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = tuple(command)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id; None before the start and after the end."""
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer of `child.answer`.

        Raises:
            EngineError: the process ended twice before it had answered.
        """
        line = json.dumps(request, allow_nan=False).encode() + b"\n"
        with self._lock:
            for _ in range(MAX_STARTS):
                try:
                    answered = self._exchange(line)
                except OSError:
                    answered = b""
                except BaseException:  # Ctrl-C: the answer must not be taken for the next one's
                    self._bury()
                    raise
                if answered.endswith(b"\n"):
                    answer: dict[str, Any] = json.loads(answered)
                    return answer
                fate = self._bury()
        raise EngineError(
            f"the process that runs botorch {fate}, {MAX_STARTS} times: give it more memory, or "
            "use less of it by fewer samples, a smaller pool or a smaller memory"
        )

    def start(self) -> None:
        """Start the process unless it runs; it loads botorch with the first request."""
        with self._lock:
            self._running()

    def stop(self) -> None:
        """End the process, if it runs."""
        with self._lock:
            self._bury()

    def forget(self) -> None:
        """Close this process's ends of the pipes; the process goes on for its owner."""
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                pipe.raw.close()  # type: ignore[union-attr]  # without writing what is buffered

    def _exchange(self, line: bytes) -> bytes:
        """Send a line and return the line that answers it, incomplete if the child has ended."""
        process = self._running()
        assert process.stdin is not None and process.stdout is not None  # pipes
        process.stdin.write(line)
        process.stdin.flush()
        return process.stdout.readline()

    def _running(self) -> subprocess.Popen[bytes]:
        if self.pid is None:
            self._bury()
            self._process = self._started()
        assert self._process is not None
        return self._process

    def _started(self) -> subprocess.Popen[bytes]:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115, closed with the next start
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,  # Ctrl-C reaches the search only, and the child ends with it
            env={
                **os.environ,
                "OMP_NUM_THREADS": "1",
                "MKL_NUM_THREADS": "1",
                "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
            },
        )

    def _bury(self) -> str:
        """End what is left of the process; return how it ended, with its last line of errors."""
        process, self._process = self._process, None
        if process is None:
            return "could not be started"
        process.kill()  # nothing happens if it has ended
        status = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what could not be written
                    pipe.close()
        return f"{_fate(status)}{self._last_words()}"

    def _last_words(self) -> str:
        if self._errors is None:
            return ""
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(self._errors.tell() - LAST_WORDS, 0))
        lines = self._errors.read().decode(errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        return f" ({last.strip()[:300]})" if last else ""


def _fate(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    names = {number.value: number.name for number in signal.Signals}
    return f"was ended by signal {-status}, {names.get(-status, 'unknown')}"


_shared = BotorchProcess()


def botorch_process() -> BotorchProcess:
    """Return the handle that all searches of this process share."""
    return _shared


def _renew() -> None:
    """Give a forked process a handle of its own: two owners would mix their requests."""
    global _shared  # noqa: PLW0603
    _shared.forget()
    _shared = BotorchProcess()


os.register_at_fork(after_in_child=_renew)
