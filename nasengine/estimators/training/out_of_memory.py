"""Tells running out of memory from other failures."""

from __future__ import annotations

import torch

# Outside of CUDA torch raises a plain RuntimeError; only its text tells.
_TEXTS = ("can't allocate memory", "MPS backend out of memory", "not enough memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error says that memory ran out, on any device."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _TEXTS)


def release(device: torch.device) -> None:
    """Gives cached memory back, so that the next candidate finds it."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
