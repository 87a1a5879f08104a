"""Detection of out-of-memory errors, and release of cached memory."""

from __future__ import annotations

import torch

# On CPU and MPS, and where CUDA's libraries allocate by themselves, torch raises a plain
# RuntimeError, recognised by its message.
_MESSAGES = (
    "can't allocate memory",
    "MPS backend out of memory",
    "not enough memory",
    "CUDA error: out of memory",
    "_STATUS_ALLOC_FAILED",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether the error means that memory ran out, on any device."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _MESSAGES)


def release_memory(device: torch.device) -> None:
    """Return cached device memory, so that the next candidate can use it."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
