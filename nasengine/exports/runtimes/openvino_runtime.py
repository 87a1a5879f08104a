"""Run an OpenVINO model; needs numpy and openvino.

run = open_model("model.xml")
logits = run({"image": pixels})["logits"]

run = open_model("model.xml", settings="openvino-npu.json")   # another device
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino

Run = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]


def version() -> str:
    """Return name and version of the runtime."""
    return f"openvino {openvino.__version__.partition('-')[0]}"


def open_model(path: str | Path, threads: int = 0, settings: str | Path | None = None) -> Run:
    """Open a model and return a function that runs it once.

    Args:
        path: The .xml file; the .bin file is next to it.
        threads: Number of CPU threads; 0: as many as the runtime chooses.
        settings: A JSON file with "device" and "properties"; default: the CPU, computing in
            float32 where the processor would choose bfloat16.
    """
    device = "CPU"
    properties: dict[str, object] = {"INFERENCE_PRECISION_HINT": "f32"}
    if settings is not None:
        chosen = json.loads(Path(settings).read_text(encoding="utf-8"))
        device, properties = chosen["device"], dict(chosen["properties"])
    if threads:
        properties["INFERENCE_NUM_THREADS"] = threads
    model = openvino.Core().compile_model(str(path), device, properties)
    # An output can have several names: those of all operators that were merged into one.
    outputs = [(name, output) for output in model.outputs for name in output.get_names()]

    def run(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        results = model(inputs)
        return {name: np.array(results[output]) for name, output in outputs}

    return run
