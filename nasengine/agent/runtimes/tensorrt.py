"""TensorRT: builds an engine from the ONNX file and runs it on the first NVIDIA GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorrt as trt

from .runtime import Input, Runtime

WORKSPACE_BYTES = 1 << 30


class Engine(Runtime):
    """One engine. All its layers run on the GPU: a network with others cannot be built."""

    name = "tensorrt"
    runs_on = "cuda"
    processor = "GPU"

    def __init__(self, path: Path, threads: int | None):
        logger = trt.Logger(trt.Logger.ERROR)
        builder = trt.Builder(logger)
        network = builder.create_network(0)
        parser = trt.OnnxParser(network, logger)
        if not parser.parse(path.read_bytes()):
            raise ValueError(f"TensorRT cannot read the network: {parser.get_error(0).desc()}")
        config = builder.create_builder_config()
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
        plan = builder.build_serialized_network(network, config)
        if plan is None:
            raise ValueError("TensorRT cannot build an engine of the network")
        self._engine = trt.Runtime(logger).deserialize_cuda_engine(plan)
        self._context = self._engine.create_execution_context()
        self._cuda = _Cuda()
        self._buffers: dict[str, Any] = {}

    def inputs(self) -> list[Input]:
        return [
            Input(name, tuple(self._engine.get_tensor_shape(name)), self._dtype(name))
            for name in self._names()
            if self._engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT
        ]

    def run(self, values: dict[str, np.ndarray]) -> None:
        """Copy the inputs to the GPU, run, and wait for the end."""
        for name in self._names():
            if name not in self._buffers:
                shape = tuple(self._engine.get_tensor_shape(name))
                size = int(np.prod(shape)) * np.dtype(self._dtype(name)).itemsize
                self._buffers[name] = self._cuda.allocate(size)
                self._context.set_tensor_address(name, self._buffers[name])
        for name, value in values.items():
            self._cuda.upload(self._buffers[name], value)
        self._context.execute_async_v3(0)
        self._cuda.wait()

    def _names(self) -> list[str]:
        return [self._engine.get_tensor_name(i) for i in range(self._engine.num_io_tensors)]

    def _dtype(self, name: str) -> str:
        return np.dtype(trt.nptype(self._engine.get_tensor_dtype(name))).name


class _Cuda:
    """The four functions of the CUDA runtime library that are needed, called by ctypes."""

    HOST_TO_DEVICE = 1

    def __init__(self) -> None:
        import ctypes
        import ctypes.util

        path = ctypes.util.find_library("cudart") or "libcudart.so"
        self._ctypes, self._library = ctypes, ctypes.CDLL(path)

    def allocate(self, size: int) -> int:
        pointer = self._ctypes.c_void_p()
        self._check(
            self._library.cudaMalloc(self._ctypes.byref(pointer), self._ctypes.c_size_t(size))
        )
        return int(pointer.value or 0)

    def upload(self, pointer: int, value: np.ndarray) -> None:
        value = np.ascontiguousarray(value)
        c = self._ctypes
        self._check(
            self._library.cudaMemcpy(
                c.c_void_p(pointer),
                c.c_void_p(value.ctypes.data),
                c.c_size_t(value.nbytes),
                self.HOST_TO_DEVICE,
            )
        )

    def wait(self) -> None:
        self._check(self._library.cudaDeviceSynchronize())

    @staticmethod
    def _check(code: int) -> None:
        if code:
            raise RuntimeError(f"a call of the CUDA runtime failed with code {code}")
