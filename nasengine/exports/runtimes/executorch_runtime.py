"""Run a .pte program with ExecuTorch on the CPU; needs numpy, torch and executorch.

run = open_model("model.pte")
logits = run({"image": pixels})["logits"]
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version as version_of
from pathlib import Path

import numpy as np
from executorch.runtime import Runtime

Run = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]
INPUT, OUTPUT = "image", "logits"  # a program numbers its inputs and outputs


def version() -> str:
    """Return name and version of the runtime."""
    return f"executorch {version_of('executorch')}"


def open_model(path: str | Path, threads: int = 0) -> Run:
    """Open a program and return a function that runs it once.

    Args:
        path: The .pte file.
        threads: Not used: the runtime chooses the number of CPU threads itself.
    """
    import torch

    program = Runtime.get().load_program(Path(path))
    method = program.load_method("forward")

    def run(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        (result,) = method.execute([torch.from_numpy(np.ascontiguousarray(inputs[INPUT]))])
        return {OUTPUT: result.numpy().copy()}

    return run
