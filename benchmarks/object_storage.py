"""Check an object store as storage: files, a training that another process continues, durations.

    AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... AWS_ENDPOINT_URL=http://127.0.0.1:9000 \\
        .venv/bin/python -m benchmarks.object_storage s3://BUCKET/PREFIX

Everything is put into a new place below the address and removed at the end. The bucket must exist;
the package s3fs must be installed, in the version of fsspec.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
import uuid

from nasengine.core.storage import Storage, storage_at
from nasengine.execution.final import FinalJob, FinalOutcome
from nasengine.execution.network_storage import train_into
from nasengine.execution.protocols import find_protocol
from nasengine.execution.subjects import architecture_of

EPOCHS = 4
MEBIBYTE = 2**20
REPEATS = 5


def job() -> FinalJob:
    """Return a small training."""
    protocol = find_protocol("quick").changed(epochs=EPOCHS, batch_size=50, drop_path=0.2)
    return FinalJob(
        architecture_of("DARTS_V2"), protocol, "digits", {"limit": 200}, cells=2, channels=4,
        device="cpu", threads=1,
    )  # fmt: skip


def trained(place: Storage, kill_at: int = 0) -> tuple[FinalOutcome, list[int]]:
    """Train with a checkpoint after every epoch; the process dies at the report of an epoch."""
    epochs: list[int] = []

    def report(point: dict) -> None:
        epochs.append(point["epoch"])
        if point["epoch"] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    progress = place.within("progress")
    outcome = train_into(place.within("network"), job(), report, progress=progress, seconds=0)
    return outcome, epochs


def check_files(place: Storage) -> None:
    """Put, replace, list and remove files."""
    place.put("a.bin", b"1")
    place.put("a.bin", b"2")
    place.within("deep").put("b.bin", b"3")
    assert (place.get("a.bin"), place.names(), place.places()) == (b"2", ["a.bin"], ["deep"])
    changed = place.changed_at()
    assert changed is not None and abs(time.time() - changed) < 3600
    place.remove("a.bin")
    place.within("deep").clear()
    assert (place.get("a.bin"), place.names(), place.places()) == (None, [], [])


def check_training(root: Storage) -> int:
    """Kill a training at its third epoch and continue it; return the epoch at which it did."""
    whole, _ = trained(root.within("whole"))
    place = root.within("killed")
    command = [sys.executable, "-m", "benchmarks.object_storage", place.address, "--kill-at", "3"]
    done = subprocess.run(command, check=False)
    assert done.returncode == -signal.SIGKILL, done.returncode
    again, epochs = trained(place)
    assert whole.network is not None and again.network is not None
    assert again.measurements == whole.measurements
    assert again.network["weights"] == whole.network["weights"]
    return epochs[0]


def durations(place: Storage, size: int) -> tuple[float, float]:
    """Return the median seconds of putting and getting a file of this many bytes."""
    content, puts, gets = os.urandom(size), [], []
    for _ in range(REPEATS):
        started = time.perf_counter()
        place.put("large.bin", content)
        puts.append(time.perf_counter() - started)
        started = time.perf_counter()
        assert place.get("large.bin") == content
        gets.append(time.perf_counter() - started)
    return statistics.median(puts), statistics.median(gets)


def main() -> None:
    """Print what was checked, with the machine."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("address", help="s3://BUCKET/PREFIX, a folder, or another URL of fsspec")
    parser.add_argument("--kill-at", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.kill_at:
        trained(storage_at(options.address), options.kill_at)
        return
    root = storage_at(options.address).within(f"check-{uuid.uuid4().hex[:8]}")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    try:
        check_files(root.within("files"))
        print(f"{type(root).__name__}: files are put, replaced, listed and removed")
        epoch = check_training(root)
        print(f"a training killed at epoch 3 continued at epoch {epoch} with the same numbers")
        for size in (MEBIBYTE, 64 * MEBIBYTE):
            put, get = durations(root.within("large"), size)
            print(f"{size // MEBIBYTE:3} MiB: put {put:.3f} s, get {get:.3f} s")
    finally:
        root.clear()


if __name__ == "__main__":
    main()
