"""Studies, architectures, evaluations and exports of the workbench."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .tables import Table

if TYPE_CHECKING:
    from .http import Connection
    from .runs import Run


class Resource:
    """A row of the workbench; `row` has its last known state, `refresh` reads it again."""

    path = ""

    def __init__(self, connection: Connection, row: dict[str, Any]):
        self._connection = connection
        self.row = row

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.name!r}>"

    @property
    def id(self) -> int:
        """Its number."""
        number: int = self.row["id"]
        return number

    @property
    def name(self) -> str:
        """Its name or title."""
        return str(self.row.get("name") or self.row.get("title") or "")

    def refresh(self) -> Any:
        """Ask for the present state; return the object itself."""
        self.row = self._connection.get(f"{self.path}/{self.id}")
        return self

    def _act(self, action: str, body: Any = None) -> Any:
        self.row = self._connection.post(f"{self.path}/{self.id}/{action}", body, attempts=1)
        return self


class Commented(Resource):
    """A resource with comments."""

    comment_key = ""  # its name in requests about comments

    def comments(self, **more: int) -> list[dict[str, Any]]:
        """Return the comments, oldest first; those on a candidate of a run with `candidate`."""
        return list(self._connection.pages("/comments", **{self.comment_key: self.id}, **more))

    def comment(self, text: str, reply_to: int | None = None, **more: int) -> dict[str, Any]:
        """Add a comment in Markdown; @name notifies a member of the team.

        Args:
            text: Markdown.
            reply_to: number of the comment to which it replies; None begins a thread.
            **more: `candidate` of a run.
        """
        body = {self.comment_key: self.id, **more, "text": text, "reply_to": reply_to}
        row: dict[str, Any] = self._connection.post("/comments", body, attempts=1)
        return row


class Study(Resource):
    """Several methods at several seeds."""

    path = "/studies"

    @property
    def has_ended(self) -> bool:
        """Whether all runs had ended when its state was last asked for."""
        return bool(self.row["ended_count"] >= self.row["run_count"])

    def runs(self) -> list[Run]:
        """Return its runs."""
        from .runs import Run

        numbers = self.row["runs"] if "runs" in self.row else self.refresh().row["runs"]
        return [Run(self._connection, self._connection.get(f"/runs/{n}")) for n in numbers]

    def ranking(self, by: str = "candidates") -> dict[str, Any]:
        """Return the ranking at an equal budget, with statistical tests.

        Args:
            by: what is equal: "candidates", "epochs", "seconds" or "gpu_seconds".
        """
        found: dict[str, Any] = self._connection.get(f"{self.path}/{self.id}/ranking", by=by)
        return found

    def wait(self, timeout: float | None = None, every: float = 5.0) -> Study:
        """Wait until all runs have ended; return the study itself.

        Raises:
            TimeoutError: they have not ended in time.
        """
        return _waited(self, timeout, every)

    def pause(self) -> Study:
        """Pause every run whose state allows it."""
        return self._act("pause")

    def resume(self) -> Study:
        """Resume every paused run."""
        return self._act("resume")

    def stop(self) -> Study:
        """Stop every run that has not ended."""
        return self._act("stop")


class Architecture(Commented):
    """An entry of the catalogue."""

    path = "/architectures"
    comment_key = "architecture"

    @property
    def stage(self) -> str:
        """The stage when it was last asked for."""
        return str(self.row["stage"])

    def move(self, stage: str, reason: str) -> Architecture:
        """Move it to another stage, such as "approved"."""
        return self._act("stage", {"stage": stage, "reason": reason})


class Evaluation(Resource):
    """Full trainings of one architecture."""

    path = "/evaluations"

    @property
    def has_ended(self) -> bool:
        """Whether no seed waited or ran when its state was last asked for."""
        return self.row["state"] not in ("queued", "running")

    def wait(self, timeout: float | None = None, every: float = 5.0) -> Evaluation:
        """Wait until every seed has ended; return the evaluation itself.

        Raises:
            TimeoutError: they have not ended in time.
        """
        return _waited(self, timeout, every)

    def trainings(self) -> Table:
        """Return the training of each seed."""
        row = self.row if "trainings" in self.row else self.refresh().row
        return Table(row["trainings"], ("seed", "state", "epochs", "seconds"))

    def cancel(self) -> Evaluation:
        """Cancel all seeds that have not ended."""
        return self._act("cancel")

    def retry(self) -> Evaluation:
        """Train seeds again that failed, diverged or were cancelled."""
        return self._act("retry")

    def download(self, path: str | Path, seed: int) -> Path:
        """Write the trained network of a seed, a zip archive, to a file."""
        return self._connection.save(f"{self.path}/{self.id}/seeds/{seed}/network.zip", path)


class Export(Resource):
    """A trained network as an archive for one target."""

    path = "/exports"

    @property
    def has_ended(self) -> bool:
        """Whether it had ended when its state was last asked for."""
        return self.row["state"] not in ("queued", "running")

    def wait(self, timeout: float | None = None, every: float = 2.0) -> Export:
        """Wait until it has ended; return the export itself.

        Raises:
            TimeoutError: it has not ended in time.
        """
        return _waited(self, timeout, every)

    def measure(self, device: str, objective: str = "latency", file: str = "") -> Export:
        """Ask a device of the team to measure the network; return the export itself.

        `row["measurements"]` has the value once the device has measured: `refresh` reads it again.

        Args:
            device: name of the device.
            objective: the cost.
            file: name of an ONNX file of the archive; "" for the first one.
        """
        body = {"device": device, "objective": objective, "file": file}
        return self._act("measurements", body)

    def download(self, path: str | Path) -> Path:
        """Write the archive to a file."""
        return self._connection.save(f"{self.path}/{self.id}/archive.zip", path)


def _waited(resource: Any, timeout: float | None, every: float) -> Any:
    until = None if timeout is None else time.monotonic() + timeout
    while not resource.refresh().has_ended:
        if until is not None and time.monotonic() >= until:
            raise TimeoutError(f"{resource!r} has not ended after {timeout:g} s")
        time.sleep(every)
    return resource
