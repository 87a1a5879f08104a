"""A trainer process that several slots share: each job has a thread, and the threads take turns.

The jobs share the CUDA context, the kernels that cuDNN has prepared and the data on the card, and
the kernels of one job run next to those of the others. Only evaluations whose estimator
`interleaves` come here, see `candidate_work`.
"""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol, TextIO

from nasengine.core.errors import Cancelled
from nasengine.core.interleaving import Interleaver, Seat
from nasengine.core.outcome import is_card_too_small

BROKEN_CARD = "CUDA error"  # after one, every further call of this process on the card fails
BROKEN_STATUS = 70
AGAIN = "out of memory next to other networks in the same process: trained again by itself"
Result = dict[str, Any]  # "outcome" and "digest"
_thread = threading.local()


class SharedJob(Protocol):
    """A job as this module needs it; see `trainer.Job`."""

    number: int

    def report(self, point: dict[str, Any]) -> None: ...
    def alive(self) -> None: ...
    def is_cancelled(self) -> bool: ...


class SharedTrainer:
    """Does several jobs at once, each in a thread.

    Args:
        do: Does a job and returns its result.
        send: Sends a message to the worker.
    """

    def __init__(self, do: Callable[[Any], Result], send: Callable[..., None]):
        from nasengine.core.torch_state import ProcessState, own_stream

        first = ProcessState()
        self._interleaver = Interleaver(lambda: ProcessState(first))
        self._on_stream = own_stream
        self._do = do
        self._send = send
        sys.stdout = sys.stderr = JobOutput(sys.stderr, send)

    def begin(self, job: SharedJob) -> None:
        """Start a job; its outcome is sent when it has ended."""
        threading.Thread(
            target=self._run, args=(job,), name=f"job {job.number}", daemon=True
        ).start()

    def _run(self, job: SharedJob) -> None:
        _thread.job = job.number
        result, had_neighbours = self._result(job, exclusive=False)
        if had_neighbours and _is_out_of_memory(result):
            # The neighbours took the memory, so this says nothing about the network.
            job.report({"notice": AGAIN, "level": "warning", "resumed": 0, "curve": []})
            result, _ = self._result(job, exclusive=True)
        reason = result["outcome"].get("reason", "")
        if result["outcome"]["state"] == "failed" and BROKEN_CARD in reason:
            print(f"the process ends, because the card does not answer any more: {reason}")
            os._exit(BROKEN_STATUS)  # the jobs are tried again in processes of their own
        self._send(type="outcome", job=job.number, **result)

    def _result(self, job: SharedJob, *, exclusive: bool) -> tuple[Result, bool]:
        """Return the result of a job, and whether it had neighbours."""
        seat: Seat | None = None
        try:
            with (
                self._interleaver.seat(
                    exclusive=exclusive, waiting=job.alive, cancelled=job.is_cancelled
                ) as seat,
                self._on_stream(),
            ):
                return self._do(job), seat.had_neighbours
        except Cancelled:
            reason = "cancelled on request"
            state = "cancelled"
        except Exception as error:  # a card that does not answer any more
            state, reason = "failed", f"{type(error).__name__}: {error}"
        return {"outcome": {"state": state, "reason": reason}, "digest": ""}, False


class JobOutput(io.TextIOBase):
    """Standard output and error of the process, which also sends each line with its job."""

    def __init__(self, file: TextIO, send: Callable[..., None]):
        self._file = file
        self._send = send

    def write(self, text: str) -> int:
        self._file.write(text)
        job = getattr(_thread, "job", None)
        if job is not None:
            *lines, _thread.rest = (getattr(_thread, "rest", "") + text).split("\n")
            for line in lines:
                self._send(type="line", job=job, text=line)
        return len(text)

    def flush(self) -> None:
        self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()


def _is_out_of_memory(result: Result) -> bool:
    return is_card_too_small(result["outcome"]["state"], result["outcome"].get("reason", ""))
