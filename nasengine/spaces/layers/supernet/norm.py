"""Batch normalisation of supernets: batch statistics always, mostly without scale and shift.

Learned scales would let operations compensate their architecture weights (1806.09055), and
running averages would mix the statistics of different architectures. So there are neither, and
evaluation mode normalises by the batch as training mode does.
"""

from __future__ import annotations

import torch
from torch import nn

EPSILON = 1e-5


def normalised(x: torch.Tensor, scale: torch.Tensor | None = None) -> torch.Tensor:
    """Normalise n x c x h x w by the mean and variance of the batch, then scale each channel.

    The batch norm kernel applies the scale, so weighting an operation needs no extra pass over
    the map, neither forward nor backward.
    """
    return torch.batch_norm(x, scale, None, None, None, True, 0.0, EPSILON, False)


class BatchNorm(nn.Module):
    """`normalised` as a module; with `affine`, scale and shift are learned."""

    def __init__(self, channels: int, affine: bool):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.batch_norm(x, self.weight, self.bias, None, None, True, 0.0, EPSILON, False)


def with_batch_statistics(module: nn.Module, affine: bool) -> nn.Module:
    """Replace every BN in a module by one without running statistics; return the module."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, BatchNorm(child.num_features, affine))
        else:
            with_batch_statistics(child, affine)
    return module
