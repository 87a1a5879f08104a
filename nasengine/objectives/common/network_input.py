"""Example inputs for measuring the costs of a network: images or words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def reads_words(input_shape: tuple[int, ...]) -> bool:
    """Return whether an input is one word, shape (1,), instead of an image."""
    return len(input_shape) == 1


def batch_of(
    input_shape: tuple[int, ...], batch: int, dtype: torch.dtype, device: torch.device
) -> torch.Tensor:
    """Return `batch` images of reproducible noise, or `batch` times the first word."""
    import torch

    if reads_words(input_shape):
        return torch.zeros(batch, *input_shape, dtype=torch.int64, device=device)
    if device.type == "meta":
        return torch.empty(batch, *input_shape, dtype=dtype, device=device)
    noise = torch.randn(batch, *input_shape, generator=torch.Generator().manual_seed(0))
    return noise.to(device, dtype=dtype)
