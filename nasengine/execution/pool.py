"""Worker processes that evaluate the proposals of one search side by side."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType

from ..catalog import registered
from ..core.errors import Cancelled, EngineError
from ..core.events import Emit, EngineEvent
from ..core.outcome import Outcome
from ..core.proposal import Proposal
from ..core.search_spec import SearchSpec
from .unfinished_folder import TemporaryFolder, UnfinishedFolder

MAX_ATTEMPTS = 2  # a candidate whose worker died this often has failed
POLL_SECONDS = 0.5
STOP_SECONDS = 5


class Worker:
    """One worker process and the proposal it evaluates."""

    def __init__(self, order: bytes):
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "nasengine.execution.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,  # stdout belongs to the search: its summary may be JSON
                start_new_session=True,  # Ctrl-C reaches the search only, which stops its workers
                env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
            )
        self.connection = Connection(ours.detach())
        self.proposal: Proposal | None = None
        self.ready = False
        self.connection.send_bytes(order)

    def stop(self) -> int:
        """End the process and return its exit status."""
        self.connection.close()
        with suppress(ProcessLookupError):
            self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class WorkerPool:
    """Evaluates proposals in worker processes; an `Evaluator` of `nasengine.execution.loop`.

    A worker that dies is replaced and its proposal evaluated again. If that worker dies too, the
    candidate ends as failed and the search goes on.
    """

    def __init__(
        self,
        spec: SearchSpec,
        workers: int,
        emit: Emit,
        weights: Path | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        *,
        unfinished: UnfinishedFolder | None = None,
    ):
        self._unfinished = unfinished or TemporaryFolder()
        self._limit = workers
        self._emit = emit
        self._cancelled = cancelled
        self._order = _order(spec, weights, self._unfinished)
        self._waiting: deque[Proposal] = deque()
        self._workers: list[Worker] = []
        self._outcomes: dict[int, Outcome] = {}
        self._deaths: Counter[int] = Counter()

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._workers:
            self._workers.pop().stop()

    def submit(self, proposal: Proposal) -> None:
        """Evaluate the proposal as soon as a worker is free."""
        self._waiting.append(proposal)
        self._dispatch()

    def outcome(self, proposal: Proposal) -> Outcome:
        """Wait for the outcome of a submitted proposal.

        Raises:
            Cancelled: the search has been cancelled.
            EngineError: worker processes cannot start.
        """
        while proposal.number not in self._outcomes:
            if self._cancelled():
                raise Cancelled
            self._dispatch()
            by_connection = {worker.connection: worker for worker in self._workers}
            for connection in wait(list(by_connection), POLL_SECONDS):
                self._receive(by_connection[connection])  # type: ignore[index]
        return self._outcomes.pop(proposal.number)

    def forget(self, number: int) -> None:
        self._unfinished.remove(number)

    def _dispatch(self) -> None:
        """Give waiting proposals to free workers, starting workers up to the limit."""
        while self._waiting:
            free = next((worker for worker in self._workers if worker.proposal is None), None)
            if free is None:
                if len(self._workers) >= self._limit:
                    return
                free = Worker(self._order)
                self._workers.append(free)
            free.proposal = self._waiting.popleft()
            with suppress(OSError):  # it died: `_receive` finds the closed connection
                free.connection.send(free.proposal.to_json())

    def _receive(self, worker: Worker) -> None:
        try:
            kind, number, content = worker.connection.recv()
        except (EOFError, OSError):
            self._bury(worker)
            return
        if kind == "ready":
            worker.ready = True
        elif kind == "epoch":
            self._emit(EngineEvent("epoch", content, number))
        else:
            self._outcomes[number] = Outcome.from_json(content)
            worker.proposal = None

    def _bury(self, worker: Worker) -> None:
        """Remove a dead worker; its proposal is evaluated again or has failed."""
        self._workers.remove(worker)
        status = worker.stop()
        if not worker.ready:
            raise EngineError(
                f"a worker process ended while it started (exit status {status}): read its "
                "error message above, or use workers=1"
            )
        proposal = worker.proposal
        if proposal is None:
            return
        self._deaths[proposal.number] += 1
        if self._deaths[proposal.number] < MAX_ATTEMPTS:
            self._waiting.appendleft(proposal)
            return
        reason = f"its worker process died {MAX_ATTEMPTS} times (exit status {status})"
        self._outcomes[proposal.number] = Outcome(proposal.number, "failed", reason=reason)


def _order(spec: SearchSpec, weights: Path | None, unfinished: UnfinishedFolder) -> bytes:
    """Return what a worker needs to begin; `Connection.recv` reads it.

    Plugins that were registered in this process travel too, classes and functions of a notebook
    or script by value.
    """
    import cloudpickle

    order = {
        "spec": spec.to_json(),
        "weights": None if weights is None else str(weights.resolve()),
        "unfinished": str(unfinished.path.resolve()),
        "registered": registered(),
    }
    content: bytes = cloudpickle.dumps(order)
    return content
