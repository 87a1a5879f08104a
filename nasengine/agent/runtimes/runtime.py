"""Runtime: a library that loads one ONNX file and runs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class Input:
    """One input of a network; the first dimension is the batch."""

    name: str
    shape: tuple[int, ...]
    dtype: str


class Runtime(ABC):
    """A loaded network.

    Attributes:
        runs_on: "cpu" or "cuda": whose energy is read.
        processor: Processor that runs the network, such as "CPUExecutionProvider".
        layers: Operators that fell back to another processor, as "Resize (CPUExecutionProvider)".
    """

    name: ClassVar[str]
    runs_on: str = "cpu"
    processor: str = ""
    layers: tuple[str, ...] = ()

    @abstractmethod
    def __init__(self, path: Path, threads: int | None):
        """Load a network; `threads` is the number of processor threads, None: the library's."""

    @abstractmethod
    def inputs(self) -> list[Input]:
        """Return the inputs; a free dimension is -1."""

    @abstractmethod
    def run(self, values: dict[str, np.ndarray]) -> None:
        """Run one forward pass to its end."""


def example(inputs: list[Input], batch: int) -> dict[str, np.ndarray]:
    """Return inputs for one pass: reproducible pixels from 0 to 255, or zeros for whole numbers.

    Raises:
        ValueError: the network has another fixed batch.
    """
    random = np.random.default_rng(0)
    values = {}
    for tensor in inputs:
        if tensor.shape[0] not in (-1, batch):
            raise ValueError(f"input {tensor.name} has batch {tensor.shape[0]}, not {batch}")
        shape = (batch, *(1 if size < 0 else size for size in tensor.shape[1:]))
        if "int" in tensor.dtype:
            values[tensor.name] = np.zeros(shape, dtype=tensor.dtype)
        else:
            values[tensor.name] = random.uniform(0, 255, shape).astype(tensor.dtype)
    return values
