"""Jobs in threads of one process that take turns: one runs at a time, each for one batch.

On a card the kernels of one job run while the next one launches its own, and all jobs share one
CUDA context. Because Python code of two jobs never runs at the same time, and because what is
global in the process is exchanged with each turn, a job computes the same numbers as by itself:
bit for bit on the CPU.

A turn ends where a job asks whether it is cancelled. There it must hold nothing that another job
could wait for, and must be outside of blocks that change something global that a turn does not
exchange. Estimators state with `interleaves` that they keep to this.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from .errors import Cancelled

WAIT_SECONDS = 2.0  # after which a job that waits gives a sign of life
_thread = threading.local()


class State(Protocol):
    """The global state of a process that belongs to one job; see `torch_state.ProcessState`."""

    def save(self) -> None:
        """Take the present state of the process."""

    def restore(self) -> None:
        """Make this the state of the process."""

    def settle(self) -> None:
        """Wait for what all jobs have launched on the device."""


class Seat:
    """The part of one job in an `Interleaver`; only its thread calls the methods.

    Attributes:
        exclusive: It runs only while no other job is unfinished.
        had_neighbours: Another job was unfinished during a part of this one.
    """

    def __init__(self, interleaver: Interleaver, exclusive: bool, waiting: Callable[[], None]):
        self.exclusive = exclusive
        self.had_neighbours = False
        self.waiting = waiting
        self.turn = threading.Event()
        self.state: State | None = None
        self._interleaver = interleaver
        self._holds = 0

    def hand_on(self) -> None:
        """Let the other jobs have their turns, unless this one is to be uninterrupted."""
        if not self._holds and self.state is not None:
            self._interleaver.hand_on(self, self.state)

    @contextmanager
    def uninterrupted(self) -> Iterator[None]:
        """Keep the turn inside the block, and begin once the device has nothing left to do."""
        self._holds += 1
        try:
            if self.state is not None:
                self.state.settle()
            yield
        finally:
            self._holds -= 1


class Interleaver:
    """Gives turns to the jobs of a process, in the order in which they ask for one.

    Args:
        make_state: Returns the state with which a job begins.
    """

    def __init__(self, make_state: Callable[[], State]):
        self._make_state = make_state
        self._lock = threading.Lock()
        self._entering: deque[Seat] = deque()
        self._inside: set[Seat] = set()
        self._ready: deque[Seat] = deque()
        self._running: Seat | None = None

    @contextmanager
    def seat(
        self,
        *,
        exclusive: bool = False,
        waiting: Callable[[], None] = lambda: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Seat]:
        """Run the block as a job of this thread; it begins with its first turn.

        Args:
            exclusive: Wait until the other jobs have ended; later ones wait for this one.
            waiting: Called now and then while the job waits for a turn.
            cancelled: Polled until the job begins.

        Raises:
            Cancelled: `cancelled` returned true before the job began.
        """
        seat = Seat(self, exclusive, waiting)
        try:
            self._enter(seat, cancelled)
            seat.state = self._make_state()
            seat.state.restore()
            _thread.seat = seat
            yield seat
        finally:
            _thread.seat = None
            self._leave(seat)

    def hand_on(self, seat: Seat, state: State) -> None:
        """Give the turn to the job that has waited longest, and wait for the next one."""
        if not self._ready:  # only the running job can make a ready one run, so this may be stale
            return
        state.save()
        with self._lock:
            self._ready.append(seat)
            self._running = None
            self._next()
        while not seat.turn.wait(WAIT_SECONDS):
            seat.waiting()
        seat.turn.clear()
        state.restore()

    def _enter(self, seat: Seat, cancelled: Callable[[], bool]) -> None:
        with self._lock:
            self._entering.append(seat)
            self._admit()
        while not seat.turn.wait(WAIT_SECONDS):
            seat.waiting()
            if cancelled():
                raise Cancelled
        seat.turn.clear()

    def _leave(self, seat: Seat) -> None:
        with self._lock:
            for queue in (self._entering, self._ready):
                if seat in queue:
                    queue.remove(seat)
            self._inside.discard(seat)
            if self._running is seat:
                self._running = None
            self._admit()

    def _admit(self) -> None:
        """Let jobs begin, in the order in which they came: an exclusive one blocks them."""
        while self._entering:
            first = self._entering[0]
            if self._inside and (first.exclusive or any(seat.exclusive for seat in self._inside)):
                break
            self._inside.add(self._entering.popleft())
            self._ready.append(first)
            if len(self._inside) > 1:
                for seat in self._inside:
                    seat.had_neighbours = True
        self._next()

    def _next(self) -> None:
        if self._running is None and self._ready:
            self._running = self._ready.popleft()
            self._running.turn.set()


def takes_turns() -> bool:
    """Return whether this thread is a job that takes turns with others."""
    return getattr(_thread, "seat", None) is not None


def hand_on() -> None:
    """Let the other jobs of the process have their turns; nothing happens outside of jobs."""
    seat = getattr(_thread, "seat", None)
    if seat is not None:
        seat.hand_on()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let no other job of the process run inside the block, as a measurement of time needs it."""
    seat = getattr(_thread, "seat", None)
    if seat is None:
        yield
        return
    with seat.uninterrupted():
        yield
