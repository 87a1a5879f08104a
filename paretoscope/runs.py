"""A run of the workbench, and tables of its candidates."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .http import ApiError
from .resources import Commented
from .tables import Table

ENDED = ("finished", "stopped", "failed")
NEWS_SECONDS = 60.0  # without an event the state is asked for after this time


class Run(Commented):
    """A run; `row` has its last known state, `refresh` reads it again."""

    path = "/runs"
    comment_key = "run"

    def __repr__(self) -> str:
        return f"<Run {self.id} {self.name!r}: {self.state}, {self.row['told']} candidates>"

    @property
    def state(self) -> str:
        """The state when it was last asked for."""
        return str(self.row["state"])

    @property
    def has_ended(self) -> bool:
        """Whether the run had ended when its state was last asked for."""
        return self.state in ENDED

    def wait(
        self,
        timeout: float | None = None,
        every: float = 2.0,
        on_change: Callable[[Run], None] | None = None,
    ) -> Run:
        """Wait until the run has ended; return the run itself.

        It follows the run's stream of events, and asks again where there is none.

        Args:
            timeout: seconds to wait at most; None: as long as it takes.
            every: seconds between two questions at least.
            on_change: called with the run whenever its state or number of candidates changed.

        Raises:
            TimeoutError: the run has not ended in time.
        """
        until = None if timeout is None else time.monotonic() + timeout
        seen: tuple[str, int] | None = None
        while True:
            self.refresh()
            now = (self.state, self.row["told"])
            if on_change is not None and now != seen:
                on_change(self)
            seen = now
            if self.has_ended:
                return self
            rest = None if until is None else until - time.monotonic()
            if rest is not None and rest <= 0:
                raise TimeoutError(f"run {self.id} is {self.state} after {timeout:g} s")
            self._wait_for_news(every, rest)

    def _wait_for_news(self, every: float, rest: float | None) -> None:
        """Return once something has happened, not before `every` seconds."""
        began = time.monotonic()
        longest = NEWS_SECONDS if rest is None else min(NEWS_SECONDS, rest)
        try:
            for _ in self.stream(self.row["seq"], max(0.1, longest)):
                break
        except (ApiError, OSError):  # no stream here: ask again later
            pass
        pause = every - (time.monotonic() - began)
        time.sleep(max(0.0, pause if rest is None else min(pause, rest)))

    def stream(self, after: int = 0, seconds: float = 3600.0) -> Iterator[dict[str, Any]]:
        """Yield events as they happen, until the run has ended.

        A lost connection is opened again after the last event.

        Args:
            after: the number of the last event that is known.
            seconds: longest time to wait for the next event.

        Raises:
            ApiError: the workbench refuses the stream, or does not answer.
        """
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < seconds:
            path = f"/runs/{self.id}/events/stream"
            for message in self._connection.messages(path, after, seconds):
                if message.event == "end":
                    return
                if message.data is not None:
                    after, quiet_since = message.data["seq"], time.monotonic()
                    yield message.data
                elif time.monotonic() - quiet_since >= seconds:
                    return

    def candidates(self, state: Sequence[str] = ()) -> Table:
        """Return all candidates by number, or those in the given states."""
        path = f"/runs/{self.id}/candidates"
        return Table(list(self._connection.pages(path, state=list(state), limit=500)))

    def candidate(self, number: int) -> dict[str, Any]:
        """Return one candidate with its architecture and learning curve."""
        row: dict[str, Any] = self._connection.get(f"/runs/{self.id}/candidates/{number}")
        return row

    def retry(self, number: int) -> dict[str, Any]:
        """Evaluate a failed candidate again as a new one; return the failed one.

        Its `retried_as` is the number of the new one, None until that exists.
        """
        path = f"/runs/{self.id}/candidates/{number}/retry"
        row: dict[str, Any] = self._connection.post(path, attempts=1)
        return row

    def steer(self, target: Mapping[str, float] | None) -> None:
        """Prefer candidates close to a target from the next proposal on.

        Args:
            target: values of objectives by name, such as {"error": 5, "params": 2e5}; None prefers
                no part of the front.
        """
        self._connection.post(f"/runs/{self.id}/steer", {"target": target}, attempts=1)

    def front(self) -> Table:
        """Return the candidates of the Pareto front by number."""
        return Table(self._connection.get(f"/runs/{self.id}/front")["candidates"])

    def hypervolume(self) -> list[Any]:
        """Return the points of the hypervolume by number of candidates."""
        points: list[Any] = self._connection.get(f"/runs/{self.id}/front")["hypervolume"]
        return points

    def events(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """Yield the events after a number, oldest first, up to the present one."""
        while True:
            page = self._connection.get(f"/runs/{self.id}/events", after=after)
            yield from page["items"]
            if not page["items"]:
                return
            after = page["last"]

    def pause(self) -> Run:
        """Let running candidates end and start no more."""
        return self._act("pause")

    def resume(self) -> Run:
        """Continue a paused run."""
        return self._act("resume")

    def stop(self) -> Run:
        """End the run once its running candidates have ended."""
        return self._act("stop")

    def cancel(self) -> Run:
        """End the run now."""
        return self._act("cancel")

    def raise_budget(self, candidates: int | None = None, **limits: float) -> Run:
        """Evaluate more candidates, or raise limits; a finished run continues.

        Args:
            candidates: the total number; None: as before.
            **limits: new values of max_hours, max_gpu_hours or max_kwh; 0: no limit.

        Raises:
            ApiError: the run was stopped or has failed, a value is smaller than before, or the
                run does not have the limit.
        """
        given = {} if candidates is None else {"candidates": candidates}
        self.row = self._connection.post(f"/runs/{self.id}/budget", {**given, **limits})
        return self
