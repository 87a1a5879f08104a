"""Networks as they are exported: raw pixels or one word in, logits or probabilities out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from .network_scale import MAX_PIXEL

if TYPE_CHECKING:
    from ..core.dataset import Preprocessing


class ImageModel(nn.Module):
    """Pixels n x c x h x w (float32, 0 to 255) to logits or probabilities n x classes.

    The normalisation is part of the model: (pixel / 255 - mean) / std by channel, with mean and
    standard deviation of scaled pixels.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(
        self, network: nn.Module, preprocessing: Preprocessing | None, softmax: bool = False
    ):
        super().__init__()
        self.network = network
        self.softmax = softmax
        self.normalises = preprocessing is not None
        if preprocessing is not None:
            mean, std = (
                torch.tensor(values, dtype=torch.float64).mul(MAX_PIXEL).float().view(1, -1, 1, 1)
                for values in (preprocessing.mean, preprocessing.std)
            )
            self.register_buffer("mean", mean)
            self.register_buffer("std", std)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = (image - self.mean) / self.std if self.normalises else image
        logits = self.network(x)
        return torch.softmax(logits, dim=-1) if self.softmax else logits


class WordModel(nn.Module):
    """One step of a language model: a word (n, int64) and the state to logits and next state."""

    def __init__(self, network: nn.Module, softmax: bool = False):
        super().__init__()
        self.network = network
        self.softmax = softmax

    def forward(self, word: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits, following = self.network(word[:, None], state)
        logits = logits[:, 0]
        return torch.softmax(logits, dim=-1) if self.softmax else logits, following
