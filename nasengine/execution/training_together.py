"""One final training by several processes that torchrun starts as children of this one.

The processes read what to train from a file, and the first one appends its messages to another:
reports, notices, signs of life, and at the end the outcome. A third file asks them to stop.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..core.estimator import Report
from ..core.parent_death import end_with_parent, is_orphan
from ..core.progress import Notify
from ..core.storage import Storage, storage_at
from .final_job import FinalJob, FinalOutcome
from .network_storage import train_into
from .ranks import is_first, joined

POLL_SECONDS = 0.2
ALIVE_SECONDS = 1.0
END_SECONDS = 10.0
REQUEST, MESSAGES, STOP = "request.json", "messages.jsonl", "stop"


def train_together(
    storage: Storage,
    job: FinalJob,
    processes: int,
    report: Report,
    cancelled: Callable[[], bool],
    *,
    progress: Storage,
    seconds: float,
    notify: Notify,
) -> FinalOutcome:
    """Train one network with several processes; see `network_storage.train_into`.

    `cancelled` is polled whenever the first process gives a sign of life, so that a training
    that hangs is not taken for one that goes on. The processes end with this one.

    Args:
        processes: How many; on CUDA each takes one of the cards that this process sees.
    """
    with tempfile.TemporaryDirectory(prefix="training-") as name:
        place = Path(name)
        request = {"final": job.to_json(), "network": storage.address}
        kept = {"progress": progress.address, "seconds": seconds}
        (place / REQUEST).write_text(json.dumps({**request, **kept}))
        (place / MESSAGES).touch()
        process = _started(place, processes)
        try:
            for kind, value in _messages(place / MESSAGES, process):
                if kind in ("outcome", "failed"):
                    return FinalOutcome.from_json(value)
                if kind == "report":
                    report(value)
                elif kind == "notice":
                    notify(value)
                elif cancelled():
                    (place / STOP).touch()
        finally:
            _end(process)
    reason = f"a process of the training ended with status {process.returncode}; see the log"
    return FinalOutcome(job.seed, "failed", reason)


def _started(place: Path, processes: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(processes), "-m", __name__, str(place)]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        preexec_fn=end_with_parent,  # noqa: PLW1509  it only calls prctl and takes no lock
    )


def _messages(path: Path, process: subprocess.Popen[bytes]) -> Iterator[tuple[str, Any]]:
    """Return the messages of the first process until torchrun has ended."""
    with path.open() as file:
        rest = ""
        while True:
            ended = process.poll() is not None
            rest += file.read()
            *lines, rest = rest.split("\n")
            for line in lines:
                ((kind, value),) = json.loads(line).items()
                yield kind, value
            if ended:
                return
            time.sleep(POLL_SECONDS)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for torchrun after the outcome, or end it, which ends its processes."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS if process.poll() is None else 0)
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
    if process.poll() is None:
        process.kill()
        process.wait()


def main(place: Path) -> None:
    """Be one of the processes."""
    parent = os.getppid()
    end_with_parent()
    if is_orphan(parent):
        return
    request = json.loads((place / REQUEST).read_text())
    with (place / MESSAGES).open("a", buffering=1) as file, joined():

        def send(kind: str, value: Any) -> None:
            if is_first() or kind == "failed":
                file.write(json.dumps({kind: value}) + "\n")

        alive_at = 0.0

        def stopped() -> bool:
            nonlocal alive_at
            if time.monotonic() - alive_at >= ALIVE_SECONDS:
                alive_at = time.monotonic()
                send("alive", None)
            return (place / STOP).exists()

        outcome = train_into(
            storage_at(request["network"]),
            FinalJob.from_json(request["final"]),
            lambda point: send("report", point),
            stopped,
            progress=storage_at(request["progress"]),
            seconds=request["seconds"],
            notify=lambda notice: send("notice", notice),
        )
        if outcome.state == "failed":
            send("failed", outcome.to_json())
            file.flush()
            os._exit(1)  # torchrun ends the others, which would wait for this process
        send("outcome", outcome.to_json())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
