"""What a network is fed with when its costs are taken: images, or words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def reads_words(input_shape: tuple[int, ...]) -> bool:
    """Whether an input is one word, shape (1,), and no image."""
    return len(input_shape) == 1


def batch_of(
    input_shape: tuple[int, ...], batch: int, dtype: torch.dtype, device: torch.device
) -> torch.Tensor:
    """So many images of noise, always the same, or so many times the first word."""
    import torch

    if reads_words(input_shape):
        return torch.zeros(batch, *input_shape, dtype=torch.int64, device=device)
    if device.type == "meta":
        return torch.empty(batch, *input_shape, dtype=dtype, device=device)
    noise = torch.randn(batch, *input_shape, generator=torch.Generator().manual_seed(0))
    return noise.to(device, dtype=dtype)
