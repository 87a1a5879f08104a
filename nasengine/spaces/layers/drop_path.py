"""Drop-path: whole paths are dropped, sample by sample (1603.09382, as used in 1806.09055)."""

from __future__ import annotations

import torch
from torch import nn


def drop_path(x: torch.Tensor, probability: float) -> torch.Tensor:
    """Zero each sample of n x c x h x w with a probability in [0, 1) and rescale the others."""
    keep = 1.0 - probability
    mask = x.new_empty(x.shape[0], 1, 1, 1).bernoulli_(keep)
    return x * (mask / keep)


def with_drop_path(operation: nn.Module, x: torch.Tensor, probability: float) -> torch.Tensor:
    """Return the output of an operation after drop-path; an identity is never dropped."""
    y = operation(x)
    if probability > 0 and not isinstance(operation, nn.Identity):
        y = drop_path(y, probability)
    return y
