"""The supervisor: keeps a set of processes alive until it is told to end them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from .processes import end
from .servers import ServerFailed

FIRST_WAIT_SECONDS = 1.0
MAX_WAIT_SECONDS = 30.0
STEADY_SECONDS = 60.0  # one that lived this long starts again with the short wait


class Running(Protocol):
    """Something that may have ended: `poll` gives its exit code then, None before."""

    def poll(self) -> int | None: ...


@dataclass
class Kept:
    """One process that is started again when it ends."""

    name: str
    start: Callable[[], Running]
    process: Running | None = None
    started: float = 0.0
    wait: float = FIRST_WAIT_SECONDS
    due: float = field(default=0.0)


class Supervisor:
    """Starts processes in order, restarts the dead with growing waits, ends them backwards."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic):
        self.say = say
        self.clock = clock
        self.kept: list[Kept] = []

    def add(self, name: str, start: Callable[[], Running]) -> None:
        """Starts a process and keeps it."""
        kept = Kept(name, start)
        self.kept.append(kept)
        self._start(kept)

    def adopt(self, name: str, running: Running, start: Callable[[], Running]) -> None:
        """Keeps what runs already; who started it ends it."""
        self.kept.append(Kept(name, start, running, self.clock()))

    def look(self) -> None:
        """Notices who died and starts whose wait is over; call it about twice a second."""
        now = self.clock()
        for kept in self.kept:
            if kept.process is None:
                if now >= kept.due:
                    self._start(kept)
            elif (code := kept.process.poll()) is not None:
                self._schedule(kept, code, now)

    def end(self) -> None:
        """Ends everything, the last started first."""
        for kept in reversed(self.kept):
            if isinstance(kept.process, subprocess.Popen):
                end(kept.process)
            kept.process = None
        self.kept.clear()

    def _start(self, kept: Kept) -> None:
        kept.started = self.clock()
        try:
            kept.process = kept.start()
        except ServerFailed as error:
            self.say(str(error))
            self._schedule(kept, 1, kept.started)

    def _schedule(self, kept: Kept, code: int, now: float) -> None:
        if now - kept.started > STEADY_SECONDS:
            kept.wait = FIRST_WAIT_SECONDS
        kept.process = None
        kept.due = now + kept.wait
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        self.say(f"{kept.name} ended ({how}); again in {kept.wait:g} s, see its log")
        kept.wait = min(kept.wait * 2, MAX_WAIT_SECONDS)
