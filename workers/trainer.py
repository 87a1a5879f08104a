"""Trainer process: `python -m workers.trainer PID [shared]`, one per slot or per worker.

It is spawned, never forked, so that CUDA and data loaders work, and imports only the engine. It
reads JSON lines from stdin and writes JSON lines to stdout:

    in   {"type": "evaluate", "job": 7, "spec": {...}, "proposal": {...},
          "weights": "place of the search's weights",
          "progress": {"place": "of the checkpoints", "seconds": 60}}
         {"type": "train", "job": 8, "final": {...}, "folder": "place of the trained network",
          "progress": {"place": "of the checkpoints", "seconds": 60}}
         {"type": "export", "job": 9, "network": "folder", "target": "onnx", "settings": {...},
          "evaluation": {...}, "folder": "of the archive"}
         {"type": "inspect", "job": 10, "architecture": {...}, "shape": [1, 8, 8], ...}
         {"type": "predictor", "job": 11, "step": "choose", "architectures": [...], ...}
         {"type": "cancel", "job": 7}
         {"type": "users", "count": 3}: pieces of work that use the card at present
    out  {"type": "ready", "facts": {...}}
         {"type": "progress", "job": 7, "point": {...}}: an epoch, or a notice about checkpoints
         {"type": "alive", "job": 7}, at most every ALIVE_SECONDS: the work goes on
         {"type": "outcome", "job": 7, "outcome": {"state", "reason", ...}, "digest": "SHA-256 of
          the data, of an evaluation"}
         {"type": "line", "job": 7, "text": "..."}: a line that a job of a shared process printed

It does one piece of work after the other, or with `shared` several that take turns (see
`shared_trainer`), and ends when the worker that started it ends. PID is that worker.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from nasengine.core.interleaving import hand_on
from nasengine.core.parent_death import end_with_parent, is_orphan
from nasengine.metering.shared import share_card

ALIVE_SECONDS = 5.0
NO_CUDA = (
    "this worker has no CUDA device, and the run asks for one: its queue is cuda; take cuda out of "
    "the queues of the worker, or check its driver"
)
MAX_REASON = 500


class Requests:
    """Requests of the worker, read by a separate thread."""

    def __init__(self, lines: TextIO):
        self._lines = lines
        self._jobs: queue.Queue[dict[str, Any]] = queue.Queue()
        self._cancelled: set[int] = set()

    def listen(self) -> None:
        """Start reading; the process exits as soon as the worker closes the pipe."""
        threading.Thread(target=self._read, name="requests", daemon=True).start()

    def next(self) -> dict[str, Any]:
        """Wait for the next request of work and return it."""
        return self._jobs.get()

    def cancelled(self, job: int) -> bool:
        return job in self._cancelled

    def _read(self) -> None:
        for line in self._lines:
            request = json.loads(line)
            if request["type"] == "cancel":
                self._cancelled.add(request["job"])
            elif request["type"] == "users":
                share_card(request["count"])
            else:
                self._jobs.put(request)
        os._exit(0)


class Responses:
    """JSON lines for the worker on the real stdout; other output to stdout goes to stderr."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
        os.dup2(2, 1)
        sys.stdout = sys.stderr

    def send(self, **message: Any) -> None:
        line = json.dumps(message)  # NaN is allowed here; the worker checks values
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()


class Job:
    """One request of work, with the callbacks of the engine."""

    def __init__(self, request: dict[str, Any], requests: Requests, responses: Responses):
        self.request = request
        self.number: int = request["job"]
        self._requests = requests
        self._responses = responses
        self._alive_at = time.monotonic()

    def report(self, point: dict[str, Any]) -> None:
        """Send the progress to the worker."""
        self._responses.send(type="progress", job=self.number, point=point)

    def alive(self) -> None:
        """Send a sign of progress, at most every `ALIVE_SECONDS`."""
        now = time.monotonic()
        if now - self._alive_at >= ALIVE_SECONDS:
            self._alive_at = now
            self._responses.send(type="alive", job=self.number)

    def is_cancelled(self) -> bool:
        """Return whether the worker has cancelled the job."""
        return self._requests.cancelled(self.number)

    def cancelled(self) -> bool:
        """Return whether the worker has cancelled the job; asking is a sign of progress.

        In a shared process the other jobs have their turns meanwhile.
        """
        self.alive()
        hand_on()
        return self.is_cancelled()


def evaluate(job: Job) -> dict[str, Any]:
    """Evaluate one candidate of a search and return its outcome as JSON."""
    from nasengine.core.proposal import Proposal
    from nasengine.core.search_spec import SearchSpec
    from nasengine.core.storage import storage_at
    from nasengine.core.weight_store import NO_WEIGHTS
    from nasengine.execution import loop as search
    from nasengine.execution.unfinished import evaluation_task, unfinished
    from nasengine.execution.weight_store import StorageWeightStore
    from nasengine.metering.energy.spent import energy_of
    from nasengine.objectives.device_costs.energy_windows import card_counter

    request, weights, kept = job.request, job.request["weights"], job.request["progress"]
    spec = SearchSpec.from_json(request["spec"])
    proposal = Proposal.from_json(request["proposal"])
    progress = kept and unfinished(
        evaluation_task(spec, proposal),
        storage_at(kept["place"]),
        seconds=kept["seconds"],
        notify=job.report,
    )
    store = StorageWeightStore(storage_at(weights)) if weights else NO_WEIGHTS
    with energy_of(card_counter()) as spent:
        outcome = search.evaluate(
            spec, proposal, job.report, job.cancelled, store, progress=progress
        )
    if outcome.gpu_seconds:
        outcome = replace(outcome, joules=spent.joules)
    if not outcome.awaited:
        return outcome.to_json()
    from nasengine.exports.for_device import prepare

    place = storage_at(request["device_networks"])
    return {**outcome.to_json(), "prepared": prepare(spec, proposal, outcome.awaited, place)}


def train(job: Job) -> dict[str, Any]:
    """Train one network fully, store it and return the FinalOutcome as JSON."""
    from nasengine.core.storage import storage_at
    from nasengine.execution.final import FinalJob
    from nasengine.execution.network_storage import train_into
    from nasengine.execution.training_together import train_together

    request, kept = job.request, job.request["progress"]
    final, network = FinalJob.from_json(request["final"]), storage_at(request["folder"])
    place = {
        "progress": storage_at(kept["place"]),
        "seconds": kept["seconds"],
        "notify": job.report,
    }
    processes = request.get("processes", 1)
    if processes == 1 or final.plan().is_text:
        outcome = train_into(network, final, job.report, job.cancelled, **place)
    else:
        outcome = train_together(network, final, processes, job.report, job.cancelled, **place)
    return outcome.to_json()


def export(job: Job) -> dict[str, Any]:
    """Export one stored network and return the archive's facts and the deployment report."""
    from nasengine.exports.export import export as export_network

    request = job.request
    exported = export_network(
        request["network"],
        request["target"],
        request["folder"],
        config=request["settings"],
        evaluation=request["evaluation"],
        report=job.report,
        cancelled=job.cancelled,
    )
    with exported.archive.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "state": "done",
        "reason": "",
        "archive": exported.archive.name,
        "bytes": exported.archive.stat().st_size,
        "sha256": sha256,
        "report": exported.report,
    }


def inspect(job: Job) -> dict[str, Any]:
    """Rebuild a kept architecture, and return its counts and how its outputs compare."""
    from nasengine.core.architecture import Architecture
    from nasengine.execution.inspection import input_of, inspect

    request, architecture = job.request, Architecture.from_json(job.request["architecture"])
    shape, classes = request["shape"], request["classes"]
    if not shape or not classes:
        shape, classes = input_of(architecture, request["dataset"], request["dataset_config"])
    inspected = inspect(
        architecture,
        tuple(shape),
        classes,
        expected=request["expected"],
        folder=Path(request["folder"]) if request["folder"] else None,
        before=request["before"],
    )
    return {"state": "done", "reason": "", "inspected": inspected.to_json()}


def predictor(job: Job) -> dict[str, Any]:
    """Do one step of a predictor of a device: choose and export networks, or fit."""
    from nasengine.exports.device_predictor import run_step

    return {"state": "done", "reason": "", **run_step(job.request, job.report, job.cancelled)}


HANDLERS: dict[str, Callable[[Job], dict[str, Any]]] = {
    "evaluate": evaluate,
    "train": train,
    "export": export,
    "inspect": inspect,
    "predictor": predictor,
}


def outcome_of(job: Job) -> dict[str, Any]:
    """Return the outcome of a request as JSON; errors become failed outcomes."""
    from nasengine.core.errors import Cancelled, EngineError

    try:
        if job.request.get("needs") == "cuda" and not has_cuda():
            return empty_outcome(job, "returned", NO_CUDA)
        return HANDLERS[job.request["type"]](job)
    except Cancelled:
        return empty_outcome(job, "cancelled", "cancelled on request")
    except EngineError as error:
        return empty_outcome(job, "failed", str(error))
    except Exception as error:  # one bad request must not end the process
        traceback.print_exc()
        return empty_outcome(job, "failed", f"{type(error).__name__}: {error}")


def data_digest(spec: dict[str, Any]) -> str:
    """Return the SHA-256 of the data set, "" if none is read or its files cannot be read."""
    from nasengine import catalog
    from nasengine.data.common.named import named_dataset

    try:
        if not catalog.load("estimators", spec["estimator"]).builds_network:
            return ""
        return named_dataset(spec["dataset"], spec["dataset_config"]).facts().digest
    except Exception as error:  # the outcome reports the problem with the data
        print(f"no digest of {spec['dataset']}: {error}")
        return ""


def empty_outcome(job: Job, state: str, reason: str) -> dict[str, Any]:
    """Return an outcome without measurements, as JSON."""
    number = job.request.get("proposal", {}).get("number", 0)
    outcome = {"number": number, "state": state, "measurements": [], "epochs": 0}
    return {**outcome, "reason": reason[:MAX_REASON]}


def exit_with_parent(parent: int) -> None:
    """Let this process end with its parent; where the kernel cannot do it, stdin closes."""
    end_with_parent()
    if is_orphan(parent):
        os._exit(0)


def worker_facts() -> dict[str, Any]:
    """Return the versions and threads of this process, its accelerator, and the card's memory."""
    from nasengine.estimators.training.device_facts import device_facts  # imports torch, once

    return {
        "torch": version("torch"),
        "threads": int(os.environ["OMP_NUM_THREADS"]),
        **device_facts(),
    }


def has_cuda() -> bool:
    """Return whether this process can train on a CUDA device."""
    return str(worker_facts()["accelerator"]).startswith("cuda")


def main() -> None:
    exit_with_parent(int(sys.argv[1]))
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is for the worker, which ends this process
    requests, responses = Requests(sys.stdin), Responses()
    requests.listen()
    responses.send(type="ready", facts=worker_facts())
    do: Callable[[Job], None] = partial(do_one, responses)
    if sys.argv[2:] == ["shared"]:
        from .shared_trainer import SharedTrainer

        do = SharedTrainer(ended, responses.send).begin
    while True:
        do(Job(requests.next(), requests, responses))


def ended(job: Job) -> dict[str, Any]:
    """Do a piece of work; return outcome and digest of its last message."""
    outcome, spec = outcome_of(job), job.request.get("spec")
    return {"outcome": outcome, "digest": data_digest(spec) if spec else ""}


def do_one(responses: Responses, job: Job) -> None:
    """Do a piece of work and send its outcome."""
    responses.send(type="outcome", job=job.number, **ended(job))


if __name__ == "__main__":
    main()
