"""Wake the main loop of this process from another thread."""

from __future__ import annotations

import threading


class WakeUp:
    """An event that remembers numbers; several `notify` calls before a `wait` count as one."""

    def __init__(self) -> None:
        self._notified = threading.Event()
        self._lock = threading.Lock()
        self._numbers: set[int] = set()

    def notify(self, number: int | None = None) -> None:
        """End the current or the next wait."""
        with self._lock:
            if number is not None:
                self._numbers.add(number)
            self._notified.set()

    def wait(self, seconds: float) -> list[int]:
        """Wait for a notification, at most `seconds`; return the numbers received, sorted."""
        self._notified.wait(max(seconds, 0))
        with self._lock:
            self._notified.clear()
            numbers = sorted(self._numbers)
            self._numbers.clear()
            return numbers


wake_up = WakeUp()  # one per process: Celery tasks reach the loop through it
