"""ONNX Runtime, on the best execution provider that it was built with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from .runtime import Input, Runtime, example

# Preferred first; TensorRT's provider builds engines for minutes, which the runtime
# `tensorrt` does better.
PROVIDERS = (
    "CUDAExecutionProvider",
    "ROCMExecutionProvider",
    "QNNExecutionProvider",
    "CoreMLExecutionProvider",
    "OpenVINOExecutionProvider",
    "XnnpackExecutionProvider",
)
CPU = "CPUExecutionProvider"


class Engine(Runtime):
    """One inference session."""

    name = "onnxruntime"

    def __init__(self, path: Path, threads: int | None):
        self._providers = [p for p in PROVIDERS if p in onnxruntime.get_available_providers()]
        self._path, self._threads = path, threads
        self._session = self._opened()
        self._names = [output.name for output in self._session.get_outputs()]
        self.processor = self._session.get_providers()[0]
        self.runs_on = "cuda" if self.processor.startswith("CUDA") else "cpu"
        if self.processor != CPU:
            self.layers = self._fallen_back()

    def inputs(self) -> list[Input]:
        return [
            Input(
                tensor.name,
                tuple(size if isinstance(size, int) else -1 for size in tensor.shape),
                {"tensor(float)": "float32", "tensor(float16)": "float16"}.get(
                    tensor.type, tensor.type.removeprefix("tensor(").removesuffix(")")
                ),
            )
            for tensor in self._session.get_inputs()
        ]

    def run(self, values: dict[str, np.ndarray]) -> None:
        self._session.run(self._names, values)

    def _opened(self, profile: str = "") -> Any:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if self._threads:
            options.intra_op_num_threads = self._threads
            options.inter_op_num_threads = 1
        if profile:
            options.enable_profiling = True
            options.profile_file_prefix = profile
        return onnxruntime.InferenceSession(
            str(self._path), options, providers=[*self._providers, CPU]
        )

    def _fallen_back(self) -> tuple[str, ...]:
        """Return the operators that another provider ran, from the profile of one pass."""
        session = self._opened(str(self._path.with_suffix("")))
        session.run(self._names, example(self.inputs(), 1))
        file = Path(session.end_profiling())
        try:
            return fallen_back(json.loads(file.read_text()), self.processor)
        finally:
            file.unlink(missing_ok=True)


def fallen_back(events: list[dict[str, Any]], processor: str) -> tuple[str, ...]:
    """Return the operators in a profile that another provider than `processor` ran."""
    found: dict[str, None] = {}
    for event in events:
        facts = event.get("args", {})
        provider = facts.get("provider", "")
        if event.get("cat") == "Node" and provider and provider != processor:
            found[f"{facts.get('op_name', event.get('name', ''))} ({provider})"] = None
    return tuple(found)
