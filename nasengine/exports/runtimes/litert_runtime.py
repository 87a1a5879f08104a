"""Run a .tflite file with LiteRT on the CPU; needs numpy and ai-edge-litert.

run = open_model("model.tflite")
logits = run({"image": pixels})["logits"]
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version as version_of
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

Run = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]


def version() -> str:
    """Return name and version of the runtime."""
    return f"ai-edge-litert {version_of('ai-edge-litert')}"


def open_model(path: str | Path, threads: int = 0) -> Run:
    """Open a model and return a function that runs it once.

    Args:
        path: The .tflite file.
        threads: Number of CPU threads; 0: as many as the runtime chooses.
    """
    interpreter = Interpreter(str(path), num_threads=threads or None)
    runner = interpreter.get_signature_runner("serving_default")

    def run(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: np.asarray(values) for name, values in runner(**inputs).items()}

    return run
