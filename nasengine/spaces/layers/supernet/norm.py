"""Batch normalisation of shared networks: always by the batch, mostly without scale and shift.

Scales would let operations grow past their architecture weights (1806.09055), and running
averages would mix the statistics of whatever has been sampled; so there are none of either,
and evaluation mode normalises as training mode does.
"""

from __future__ import annotations

import torch
from torch import nn

EPSILON = 1e-5


def normalised(x: torch.Tensor, scale: torch.Tensor | None = None) -> torch.Tensor:
    """n x c x h x w by mean and variance of the batch; then times `scale`, one a channel.

    The scale takes no pass over the map, neither does its gradient: an operation is weighed here.
    """
    return torch.batch_norm(x, scale, None, None, None, True, 0.0, EPSILON, False)


class BatchNorm(nn.Module):
    """`normalised`; with `affine` scale and shift are learned."""

    def __init__(self, channels: int, affine: bool):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.batch_norm(x, self.weight, self.bias, None, None, True, 0.0, EPSILON, False)


def by_the_batch(module: nn.Module, affine: bool) -> nn.Module:
    """The module with every BN in it exchanged for one that keeps no statistics."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, BatchNorm(child.num_features, affine))
        else:
            by_the_batch(child, affine)
    return module
