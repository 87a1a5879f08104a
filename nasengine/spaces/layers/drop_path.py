"""Drop-path: whole paths are dropped, sample by sample (1603.09382, as used in 1806.09055).

The probability is a number, or a scalar tensor on the device of the maps: a recorded step (CUDA
graph) reads it again each time.
"""

from __future__ import annotations

import torch
from torch import nn

Probability = float | torch.Tensor


def drops(probability: Probability) -> bool:
    """Whether paths may be dropped; a tensor is not read, because that waits for the device."""
    return isinstance(probability, torch.Tensor) or probability > 0


def drop_path(x: torch.Tensor, probability: Probability) -> torch.Tensor:
    """Zero each sample of n x c x h x w with a probability in [0, 1) and rescale the others."""
    keep = 1.0 - probability
    if isinstance(keep, torch.Tensor):
        drawn = torch.rand(x.shape[0], 1, 1, 1, device=x.device, dtype=keep.dtype)
        return x * ((drawn < keep) / keep).to(x.dtype)
    mask = x.new_empty(x.shape[0], 1, 1, 1).bernoulli_(keep)
    return x * (mask / keep)


def with_drop_path(operation: nn.Module, x: torch.Tensor, probability: Probability) -> torch.Tensor:
    """Return the output of an operation after drop-path; an identity is never dropped."""
    y = operation(x)
    if drops(probability) and not isinstance(operation, nn.Identity):
        y = drop_path(y, probability)
    return y
