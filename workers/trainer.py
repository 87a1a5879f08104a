"""The process that trains: `python -m workers.trainer`, one for each slot.

Spawned, never forked, so that CUDA and data loaders work; imports the engine alone. It
reads JSON lines on stdin and writes them on stdout:

    in   {"type": "evaluate", "job": 7, "spec": {...}, "proposal": {...},
          "weights": "folder of the search's weights"}
         {"type": "cancel", "job": 7}
    out  {"type": "ready", "facts": {...}}
         {"type": "progress", "job": 7, "point": {...}}
         {"type": "outcome", "job": 7, "outcome": {...}, "digest": "SHA-256 of the data"}

It stays for many candidates and dies with whoever started it.
"""

from __future__ import annotations

import ctypes
import json
import os
import queue
import signal
import sys
import threading
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
MAX_REASON = 500


class Orders:
    """What the slot asks for, read by a thread of its own."""

    def __init__(self, lines: TextIO):
        self._lines = lines
        self._jobs: queue.Queue[dict[str, Any]] = queue.Queue()
        self._cancelled: set[int] = set()

    def listen(self) -> None:
        """Starts reading; when the slot is gone the whole process ends at once."""
        threading.Thread(target=self._read, name="orders", daemon=True).start()

    def next(self) -> dict[str, Any]:
        """The next candidate to evaluate; waits for it."""
        return self._jobs.get()

    def cancelled(self, job: int) -> bool:
        return job in self._cancelled

    def _read(self) -> None:
        for line in self._lines:
            order = json.loads(line)
            if order["type"] == "cancel":
                self._cancelled.add(order["job"])
            else:
                self._jobs.put(order)
        os._exit(0)


class Answers:
    """JSON lines for the slot on the real stdout; stray prints go to stderr instead."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
        os.dup2(2, 1)
        sys.stdout = sys.stderr

    def send(self, **message: Any) -> None:
        line = json.dumps(message)  # NaN passes here; the slot judges it
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()


def evaluate(order: dict[str, Any], orders: Orders, answers: Answers) -> dict[str, Any]:
    """The outcome of one order as JSON, whatever happens during it."""
    from nasengine.core.errors import Cancelled, EngineError
    from nasengine.core.proposal import Proposal
    from nasengine.core.search_spec import SearchSpec
    from nasengine.core.weight_store import NO_WEIGHTS
    from nasengine.execution import loop as search
    from nasengine.execution.weight_store import FolderWeightStore

    job, number = order["job"], order["proposal"]["number"]
    folder = order["weights"]
    try:
        outcome = search.evaluate(
            SearchSpec.from_json(order["spec"]),
            Proposal.from_json(order["proposal"]),
            lambda point: answers.send(type="progress", job=job, point=point),
            lambda: orders.cancelled(job),
            FolderWeightStore(Path(folder)) if folder else NO_WEIGHTS,
        )
        return outcome.to_json()
    except Cancelled:
        return ending(number, "cancelled", "given up on request")
    except EngineError as error:
        return ending(number, "failed", str(error))
    except Exception as error:  # one bad candidate must not take the process with it
        traceback.print_exc()
        return ending(number, "failed", f"{type(error).__name__}: {error}")


def data_digest(spec: dict[str, Any]) -> str:
    """What the data set's files hold, "" where none is read or they cannot be."""
    from nasengine import catalog
    from nasengine.data.common.named import named_dataset

    try:
        if not catalog.load("estimators", spec["estimator"]).builds_network:
            return ""
        return named_dataset(spec["dataset"], spec["dataset_config"]).facts().digest
    except Exception as error:  # the outcome itself says what is wrong with the data
        print(f"no digest of {spec['dataset']}: {error}")
        return ""


def ending(number: int, state: str, reason: str) -> dict[str, Any]:
    """An outcome without measurements, as JSON."""
    return {
        "number": number,
        "state": state,
        "measurements": [],
        "reason": reason[:MAX_REASON],
        "epochs": 0,
    }


def die_with(parent: int) -> None:
    """The kernel kills this process when its parent dies (Linux; elsewhere stdin ends)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(0)


def facts() -> dict[str, Any]:
    """What trains here: versions, threads, accelerator."""
    from nasengine.estimators.training.config import TrainConfig
    from nasengine.estimators.training.device_context import (
        find_device_context,  # loads torch, once and early
    )

    return {
        "torch": version("torch"),
        "threads": int(os.environ["OMP_NUM_THREADS"]),
        "accelerator": str(find_device_context(TrainConfig()).device),
    }


def main() -> None:
    die_with(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the slot, which ends us
    orders, answers = Orders(sys.stdin), Answers()
    orders.listen()
    answers.send(type="ready", facts=facts())
    while True:
        order = orders.next()
        outcome = evaluate(order, orders, answers)
        answers.send(
            type="outcome", job=order["job"], outcome=outcome, digest=data_digest(order["spec"])
        )


if __name__ == "__main__":
    main()
