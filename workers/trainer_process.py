"""The worker's handle of its trainer process: start, request, receive, kill."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .output import Output
from .trainer_host import Inbox, TrainerHost

WAKE: dict[str, Any] = {"type": "wake"}
GRACE_SECONDS = 5.0  # for cancelled work to stop before its process is killed
# A turn of another job may take long: cuDNN prepares kernels, or a latency is measured.
SHARED_GRACE_SECONDS = 60.0


class TrainerDied(Exception):
    """The trainer process ended unexpectedly; the text gives its signal or exit status."""


class TrainerEnded(Exception):
    """The trainer process was killed because of another job that it did at the same time."""


class TrainerProcess:
    """The trainer of one slot, which does one job at a time; its process is started again.

    Args:
        threads: processor threads of each training.
        host: the process, if trainers share one; None: a process of its own.
    """

    def __init__(self, threads: int, host: TrainerHost | None = None):
        self.output = Output()
        self._host = host or TrainerHost(threads, on_line=self.output.add)
        self._messages: Inbox = queue.Queue()
        self._job = 0

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that the process reported when it was ready."""
        return self._host.facts

    @property
    def pid(self) -> int | None:
        """The process id; None before the start and after the end."""
        return self._host.pid

    @property
    def grace_seconds(self) -> float:
        """How long cancelled work may take to stop before the process is killed."""
        return SHARED_GRACE_SECONDS if self._has_neighbours else GRACE_SECONDS

    def start(self) -> None:
        """Start the process unless it is running; it is ready some seconds later."""
        self._host.start()

    def evaluate(
        self,
        spec: dict[str, Any],
        proposal: dict[str, Any],
        weights: str = "",
        progress: dict[str, Any] | None = None,
    ) -> None:
        """Request one evaluation; `receive` then returns its messages.

        Args:
            spec: search settings as JSON.
            proposal: the candidate's proposal as JSON.
            weights: place of the weights of the run's candidates; empty: none are kept.
            progress: {"place", "seconds"} of the checkpoints of the training; None: no checkpoints.
        """
        self.request("evaluate", spec=spec, proposal=proposal, weights=weights, progress=progress)

    def request(self, type: str, **values: Any) -> None:
        """Request one piece of work of a type of `trainer.HANDLERS`.

        If the process cannot take it, `receive` raises TrainerDied.
        """
        self.output.begin()
        self._job = self._host.request(self._messages, self.output.add, type, **values)

    def cancel(self) -> None:
        """Request that the process stops the current work."""
        self._host.cancel(self._job)

    def stop(self, seconds: float, report: Callable[[dict[str, Any]], None]) -> None:
        """Ask the work to stop and kill the process when it has stopped, or after `seconds`.

        A training stores a checkpoint first. `report` takes its reports until then. A shared
        process whose work has stopped goes on.
        """
        self.cancel()
        deadline = time.monotonic() + seconds
        has_stopped = False
        with suppress(TrainerDied, TrainerEnded):
            while (left := deadline - time.monotonic()) > 0:
                message = self.receive(left)
                if message and message["type"] == "outcome":
                    has_stopped = True
                    break
                if message and message["type"] == "progress":
                    report(message["point"])
        if not (has_stopped and self._host.is_shared):
            self.kill()

    def end(self) -> None:
        """End the work: kill the process, unless it does other work too and this one stops."""
        if self._has_neighbours:
            self.stop(SHARED_GRACE_SECONDS, lambda point: None)
        else:
            self.kill()

    def wake(self) -> None:
        """Let the current or the next `receive` return at once; any thread may call it."""
        self._messages.put(WAKE)

    def receive(self, seconds: float) -> dict[str, Any] | None:
        """Return the next message about the current work, None if none came in time.

        Raises:
            TrainerDied: with signal or exit status and the last line of stderr.
            TrainerEnded: another job was the reason why the process was killed.
        """
        try:
            message = self._messages.get(timeout=seconds)
        except queue.Empty:
            return None
        if message.get("job") != self._job:  # a wake-up, or of earlier work
            return None
        if message["type"] == "died":
            raise TrainerDied(message["text"])
        if message["type"] == "ended":
            raise TrainerEnded
        return message

    def kill(self) -> None:
        """Kill the process because of the current work, and everything it started."""
        self._host.kill(self._job)

    def close(self) -> None:
        """Kill the process whatever it does."""
        self._host.kill()

    def share_card(self, users: int) -> None:
        """Let the process count 1/users of the time and the energy of its card."""
        self._host.share_card(users)

    @property
    def _has_neighbours(self) -> bool:
        return self._host.is_shared and self._host.has_others(self._job)
