"""OpenVINO, on its NPU, GPU or CPU; operators that the device lacks run on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from openvino import Core

from .runtime import Input, Runtime

DEVICES = ("NPU", "GPU", "CPU")


class Engine(Runtime):
    """One compiled model with one request."""

    name = "openvino"

    def __init__(self, path: Path, threads: int | None):
        core = Core()
        found = {device.partition(".")[0] for device in core.available_devices}
        self.processor = next(device for device in DEVICES if device in found)
        self._model = core.read_model(str(path))
        settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
        if threads and self.processor == "CPU":
            settings["INFERENCE_NUM_THREADS"] = threads
        device = self.processor
        if device != "CPU":
            taken = core.query_model(self._model, device)
            left = [op for op in self._model.get_ops() if op.get_friendly_name() not in taken]
            names = dict.fromkeys(f"{op.get_type_name()} (CPU)" for op in left)
            self.layers = tuple(names)
            device = f"HETERO:{device},CPU" if left else device
        self._request = core.compile_model(self._model, device, settings).create_infer_request()

    def inputs(self) -> list[Input]:
        return [
            Input(
                tensor.get_any_name(),
                tuple(
                    -1 if size.is_dynamic else size.get_length() for size in tensor.partial_shape
                ),
                np.dtype(tensor.element_type.to_dtype()).name,
            )
            for tensor in self._model.inputs
        ]

    def run(self, values: dict[str, np.ndarray]) -> None:
        self._request.infer(values, share_inputs=True)
