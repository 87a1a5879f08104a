"""Device context of a training: device, number type and memory format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from ...core.errors import EngineError
from ...core.interleaving import takes_turns
from .card_copies import copies, on_card
from .config import TrainConfig
from .graphs import Recorder, recorder_for


@dataclass(frozen=True)
class DeviceContext:
    """A device, the number type of the forward pass and the memory format of images.

    `graphs` allows recorded steps on CUDA.
    """

    device: torch.device
    dtype: torch.dtype
    memory_format: torch.memory_format
    graphs: bool = True

    @property
    def recorder(self) -> Recorder | None:
        """The recorder of steps; None if every step is eager."""
        return recorder_for(self.device) if self.graphs else None

    @property
    def dtype_name(self) -> str:
        return str(self.dtype).removeprefix("torch.")

    def autocast(self) -> torch.autocast:
        """Return the autocast context of a forward pass."""
        return torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.dtype == torch.bfloat16
        )

    def move(self, network: torch.nn.Module) -> torch.nn.Module:
        """Move a network to the device, its weights in the memory format."""
        module: Any = network  # torch declares no memory_format for Module.to
        return module.to(self.device, memory_format=self.memory_format)

    def batch(self, images: torch.Tensor) -> torch.Tensor:
        """Move images to the device in the memory format."""
        moved = images.to(self.device, non_blocking=True)
        return moved.contiguous(memory_format=self.memory_format)

    def hold(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Move tensors to the device if they fit into a quarter of its free memory.

        Otherwise they stay in pinned host memory and are copied batch by batch. Jobs that take
        turns in one process read the same copy on a card.
        """
        if self.device.type != "cuda":
            return tuple(tensor.to(self.device) for tensor in tensors)
        free, _ = torch.cuda.mem_get_info(self.device)
        if takes_turns():
            missing = [one.nbytes for one in tensors if copies.find(one, self.device) is None]
            if sum(missing) <= free / 4:
                return tuple(on_card(tensor, self.device) for tensor in tensors)
        if sum(tensor.nbytes for tensor in tensors) <= free / 4:
            return tuple(tensor.to(self.device) for tensor in tensors)
        return tuple(tensor.pin_memory() for tensor in tensors)


def find_device_context(config: TrainConfig) -> DeviceContext:
    """Return the device context of the settings.

    Raises:
        EngineError: the machine does not have the device.
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
        config.cuda_graphs,
    )


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
                f"device {name} is not available, this machine has {count} CUDA devices: "
                "choose auto, or a worker that has the device"
            )
        return torch.device("cuda", number)
    if kind == "mps" and not torch.backends.mps.is_available():
        raise EngineError(
            "device mps is not available on this machine: choose auto, or a worker that has it"
        )
    return torch.device(kind)
