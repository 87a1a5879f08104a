"""Check that the model of this archive gives the outputs of the trained network.

    python verify.py

It compares every file with SHA256SUMS, runs each model on the input of sample.npz and compares
the outputs with the expected ones. It needs numpy and the packages in requirements.txt. The exit
status is 0 if everything agrees, else 1.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent


def changed_files(folder: Path) -> list[str]:
    """Return what differs from the checksums, one sentence per file."""
    faults = []
    for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        file = folder / name
        if not file.is_file():
            faults.append(f"{name} is missing")
        elif hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            faults.append(f"{name} differs from its SHA-256 in SHA256SUMS")
    return faults


def difference(outputs: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> float:
    """Return the largest difference, relative to the value where that is larger than 1."""
    largest = 0.0
    for name, wanted in expected.items():
        got = np.asarray(outputs[name], dtype=np.float64)
        if got.shape != wanted.shape or not np.isfinite(got).all():
            return float("inf")
        off = np.abs(got - wanted) / np.maximum(1.0, np.abs(wanted.astype(np.float64)))
        largest = max(largest, float(off.max()))
    return largest


def sample(folder: Path, name: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the inputs and the expected outputs of a .npz file."""
    inputs: dict[str, np.ndarray] = {}
    outputs: dict[str, np.ndarray] = {}
    with np.load(folder / name, allow_pickle=False) as arrays:
        for key in arrays.files:
            kind, _, tensor = key.partition(".")
            (inputs if kind == "input" else outputs)[tensor] = arrays[key]
    return inputs, outputs


def main() -> int:
    """Check files and models; print one line each and return the exit status."""
    faults = changed_files(HERE)
    for fault in faults:
        print(f"FAILED  {fault}")
    if faults:
        return 1
    print("ok      every file has its checksum")
    description = json.loads((HERE / "model.json").read_text(encoding="utf-8"))
    for model in description["models"]:
        runtime = importlib.import_module(model["runtime"])
        inputs, expected = sample(HERE, model["sample"])
        run = runtime.open_model(HERE / model["file"])
        found, allowed = difference(run(inputs), expected), model["tolerance"]
        good = found <= allowed
        faults += [] if good else [model["file"]]
        print(
            f"{'ok    ' if good else 'FAILED'}  {model['file']} on {runtime.version()}: largest "
            f"difference {found:.3g}, allowed {allowed:g}"
        )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
