"""Waking the loop of this process from another thread."""

from __future__ import annotations

import threading


class Wakeup:
    """A bell with a memory for numbers; many rings before a wait count as one."""

    def __init__(self) -> None:
        self._rang = threading.Event()
        self._lock = threading.Lock()
        self._numbers: set[int] = set()

    def ring(self, number: int | None = None) -> None:
        """Ends the present or the next wait."""
        with self._lock:
            if number is not None:
                self._numbers.add(number)
            self._rang.set()

    def wait(self, seconds: float) -> list[int]:
        """Sleeps until rung or `seconds` have passed; returns the numbers rung, sorted."""
        self._rang.wait(max(seconds, 0))
        with self._lock:
            self._rang.clear()
            numbers = sorted(self._numbers)
            self._numbers.clear()
            return numbers


wakeup = Wakeup()  # the one of this process: Celery tasks have no other way to reach its loop
