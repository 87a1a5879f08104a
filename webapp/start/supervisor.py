"""The supervisor: keeps a set of processes running until it is stopped."""

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
STEADY_SECONDS = 60.0  # a process that ran this long restarts after the first wait again


class Running(Protocol):
    """A process or server: `poll` returns its exit code once it has ended, None before."""

    def poll(self) -> int | None: ...


@dataclass
class Kept:
    """A process that is restarted when it ends."""

    name: str
    start: Callable[[], Running]
    process: Running | None = None
    started: float = 0.0
    wait: float = FIRST_WAIT_SECONDS
    due: float = field(default=0.0)


class Supervisor:
    """Start processes in order, restart dead ones with growing waits, stop them in reverse."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic):
        self.say = say
        self.clock = clock
        self.kept: list[Kept] = []

    def add(self, name: str, start: Callable[[], Running]) -> None:
        """Start a process and keep it running."""
        kept = Kept(name, start)
        self.kept.append(kept)
        self._start(kept)

    def adopt(self, name: str, running: Running, start: Callable[[], Running]) -> None:
        """Keep a running server alive; the code that started it also stops it."""
        self.kept.append(Kept(name, start, running, self.clock()))

    def look(self) -> None:
        """Detect dead processes and start those whose wait is over; call it twice a second."""
        now = self.clock()
        for kept in self.kept:
            if kept.process is None:
                if now >= kept.due:
                    self._start(kept)
            elif (code := kept.process.poll()) is not None:
                self._schedule(kept, code, now)

    def end(self) -> None:
        """Stop everything at once, and wait for it."""
        running = [k.process for k in self.kept if isinstance(k.process, subprocess.Popen)]
        for process in running:
            process.terminate()  # does nothing if it has ended
        for process in running:
            end(process)
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
        self.say(f"{kept.name} ended ({how}); restarting in {kept.wait:g} s, see its log")
        kept.wait = min(kept.wait * 2, MAX_WAIT_SECONDS)
