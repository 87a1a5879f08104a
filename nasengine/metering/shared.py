"""Shares of a counter that several pieces of work use together, such as the seconds of a card."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from weakref import WeakSet

from .energy.source import EnergySource


class SharedCounter:
    """A counter that grows by 1/n of another one while n pieces of work share what it counts.

    So the shares of all of them add up to what the other counter counted. Any thread may call the
    methods.

    Args:
        read: Returns the other counter, which only grows.
    """

    def __init__(self, read: Callable[[], float]):
        self._read = read
        self._lock = threading.Lock()
        self._users = 1
        self._total = 0.0
        self._last = read()

    def divide(self, users: int) -> None:
        """Divide by this number from now on; by 1 if it is less."""
        with self._lock:
            self._advance()
            self._users = max(users, 1)

    def value(self) -> float:
        """Return the share so far."""
        with self._lock:
            self._advance()
            return self._total

    def _advance(self) -> None:
        now = self._read()
        self._total += (now - self._last) / self._users
        self._last = now


class SharedSource(EnergySource):
    """The share of this process of the energy of a card, see `share_card`."""

    name = "shared"
    tier = "counter"

    def __init__(self, source: EnergySource):
        self._counter = SharedCounter(source.joules)
        _counters.add(self._counter)
        if _users > 1:
            self._counter.divide(_users)

    def joules(self) -> float:
        return self._counter.value()


card_clock = SharedCounter(time.perf_counter)  # seconds of the card that this process uses
_counters: WeakSet[SharedCounter] = WeakSet([card_clock])
_users = 1


def share_card(users: int) -> None:
    """Let clock and energy of the card count 1/users from now on.

    Args:
        users: how many pieces of work use the card at present, in this process and in others.
    """
    global _users  # noqa: PLW0603  there is one card per process
    _users = max(users, 1)
    for counter in list(_counters):
        with suppress(Exception):  # an energy counter that fails must not end a training
            counter.divide(_users)
