"""Run an ONNX file with ONNX Runtime on the CPU; needs numpy and onnxruntime.

run = open_model("model.onnx")
logits = run({"image": pixels})["logits"]
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime

Run = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]


def version() -> str:
    """Return name and version of the runtime."""
    return f"onnxruntime {onnxruntime.__version__}"


def open_model(path: str | Path, threads: int = 0) -> Run:
    """Open a model and return a function that runs it once.

    Args:
        path: The ONNX file.
        threads: Number of CPU threads; 0: as many as the runtime chooses.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def run(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return dict(zip(names, session.run(names, inputs), strict=True))

    return run
