"""Where a training runs: device, number type, threads, and what must be put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from ...core.errors import EngineError
from .config import TrainConfig


@dataclass(frozen=True)
class DeviceContext:
    """A device, the type the network computes in, and the memory format of its images."""

    device: torch.device
    dtype: torch.dtype
    memory_format: torch.memory_format

    @property
    def dtype_name(self) -> str:
        return str(self.dtype).removeprefix("torch.")

    def autocast(self) -> torch.autocast:
        """The context of a forward pass."""
        return torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.dtype == torch.bfloat16
        )

    def move(self, network: torch.nn.Module) -> torch.nn.Module:
        """The network on the device, its weights in the memory format."""
        moved: Any = network  # torch declares no memory_format of Module.to
        return moved.to(self.device, memory_format=self.memory_format)

    def batch(self, images: torch.Tensor) -> torch.Tensor:
        """Images on the device in the memory format."""
        moved = images.to(self.device, non_blocking=True)
        return moved.contiguous(memory_format=self.memory_format)

    def hold(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The tensors on the device where a quarter of its free memory holds them.

        Otherwise they stay, pinned, and go over batch by batch.
        """
        if self.device.type != "cuda":
            return tuple(tensor.to(self.device) for tensor in tensors)
        free, _ = torch.cuda.mem_get_info(self.device)
        if sum(tensor.nbytes for tensor in tensors) <= free / 4:
            return tuple(tensor.to(self.device) for tensor in tensors)
        return tuple(tensor.pin_memory() for tensor in tensors)


def find_device_context(config: TrainConfig) -> DeviceContext:
    """The place the settings ask for.

    Raises:
        EngineError: the machine has no such device.
    """
    device = _device(config.device)
    bf16 = config.precision == "bf16" or (
        config.precision == "auto"
        and device.type == "cuda"
        and torch.cuda.is_bf16_supported(including_emulation=False)
    )
    return DeviceContext(
        device,
        torch.bfloat16 if bf16 else torch.float32,
        torch.channels_last if config.channels_last else torch.contiguous_format,
    )


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """torch's global generators begin at the seed inside and go on as before after it."""
    cuda = [device.index or 0] if device.type == "cuda" else []
    mps = torch.mps.get_rng_state() if device.type == "mps" else None
    with torch.random.fork_rng(devices=cuda):
        torch.manual_seed(seed)
        try:
            yield
        finally:
            if mps is not None:
                torch.mps.set_rng_state(mps)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many processor threads inside (0: as many as before), the old number after it."""
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if count:
            torch.set_num_threads(before)


def _device(name: str) -> torch.device:
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    kind, _, index = name.partition(":")
    if kind == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        number = int(index or 0)
        if number >= count:
            raise EngineError(
                f"device {name}: this machine has {count} CUDA devices; "
                "choose auto, or a worker that has it"
            )
        return torch.device("cuda", number)
    if kind == "mps" and not torch.backends.mps.is_available():
        raise EngineError("device mps: this machine has none; choose auto, or a worker that has it")
    return torch.device(kind)
