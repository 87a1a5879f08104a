"""The slowness penalty of recurrent networks (temporal activation regularisation, 1708.01009)."""

from __future__ import annotations

import torch


def slowness_of(outputs: torch.Tensor) -> torch.Tensor:
    """Return the mean squared change of the outputs from word to word; 0 for a single word.

    Args:
        outputs: Outputs of a cell before dropout, n x t x hidden.
    """
    changes = outputs[:, 1:].float() - outputs[:, :-1].float()
    return changes.square().sum() / max(changes.numel(), 1)
