"""Run an ONNX file with TensorRT for RTX, an execution provider of ONNX Runtime.

Needs numpy, onnxruntime and onnxruntime-ep-nv-tensorrt-rtx (CUDA 13; -cu12 for CUDA 12), an
NVIDIA driver and a GPU of the Ampere generation or newer. The engine is built when the model is
opened.

    run = open_model("model_fp16.onnx")
    logits = run({"image": pixels})["logits"]
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import onnxruntime_ep_nv_tensorrt_rtx as provider

Run = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]
NO_FALLBACK = "session.disable_cpu_ep_fallback"


class NoDevice(Exception):
    """There is no GPU that TensorRT for RTX supports."""


def version() -> str:
    """Return name and version of the runtime."""
    return f"TensorRT for RTX (provider {provider.__version__})"


def open_model(path: str | Path, threads: int = 0, fallback: bool = False) -> Run:
    """Build the engine of a model and return a function that runs it once.

    Args:
        path: The ONNX file.
        threads: Number of CPU threads, for layers that fall back; 0: the runtime's choice.
        fallback: Let the CPU run the layers that the engine cannot; off: refuse such a model.

    Raises:
        NoDevice: the provider finds no GPU.
    """
    name = provider.get_ep_name()
    if not any(device.ep_name == name for device in onnxruntime.get_ep_devices()):
        onnxruntime.register_execution_provider_library(name, provider.get_library_path())
    devices = [device for device in onnxruntime.get_ep_devices() if device.ep_name == name]
    if not devices:
        raise NoDevice("TensorRT for RTX finds no GPU: it needs the Ampere generation or newer")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    options.add_session_config_entry(NO_FALLBACK, "0" if fallback else "1")
    options.add_provider_for_devices(devices[:1], {})
    session = onnxruntime.InferenceSession(str(path), options)
    names = [output.name for output in session.get_outputs()]

    def run(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return dict(zip(names, session.run(names, inputs), strict=True))

    return run
