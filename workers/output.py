"""Printed lines of a training on their way from its process to the log of the run."""

from __future__ import annotations

import threading
import time

MAX_LINES = 200  # of one piece of work
MAX_TEXT = 500
FLUSH_SECONDS = 1.0
FULL = f"more than {MAX_LINES} lines were printed; the others are in the log of the worker"


class Output:
    """Lines that one piece of work has printed, until they are taken for the log.

    The thread that reads the process adds lines, the slot takes them; what is printed between two
    pieces of work belongs to none.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[str] | None = None
        self._count = 0
        self._taken_at = 0.0

    def begin(self) -> None:
        """Collect lines of new work from now on."""
        with self._lock:
            self._lines, self._count, self._taken_at = [], 0, 0.0

    def add(self, line: str) -> None:
        """Add a line; empty ones, and those beyond `MAX_LINES`, are left out."""
        text = line.rstrip()[:MAX_TEXT]
        with self._lock:
            if self._lines is None or not text:
                return
            self._count += 1
            if self._count <= MAX_LINES:
                self._lines.append(text)
            elif self._count == MAX_LINES + 1:
                self._lines.append(FULL)

    def take(self, at_once: bool = False) -> list[str]:
        """Return and remove the lines, at most once in `FLUSH_SECONDS`; or the last ones.

        Args:
            at_once: the work has ended.
        """
        now = time.monotonic()
        with self._lock:
            if not self._lines or not (at_once or now - self._taken_at >= FLUSH_SECONDS):
                return []
            lines, self._lines, self._taken_at = self._lines, [], now
            return lines
