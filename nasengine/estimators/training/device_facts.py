"""Facts about the device that this process trains on by default."""

from __future__ import annotations

from typing import Any

import torch

from .config import TrainConfig
from .device_context import find_device_context


def device_facts() -> dict[str, Any]:
    """Return the default device as "accelerator"; of a CUDA device also its name and memory."""
    device = find_device_context(TrainConfig()).device
    facts: dict[str, Any] = {"accelerator": str(device)}
    if device.type == "cuda":
        card = torch.cuda.get_device_properties(device)
        facts |= {"card": card.name, "memory_bytes": card.total_memory}
    return facts
