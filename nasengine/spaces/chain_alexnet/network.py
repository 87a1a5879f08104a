"""The network of space `chain-alexnet`: the shape of AlexNet for small images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn

from ..layers.auxiliary import AuxiliaryHead

if TYPE_CHECKING:
    from .space import ChainAlexNetConfig

MIN_POOLED = 4  # maps with a shorter side are not pooled
FINAL_SIDE = 2  # side of the map that the fully connected layers read, unless it is smaller


class AlexNetwork(nn.Module):
    """Convolutions with pools, then two fully connected layers; images to logits n x classes.

    As in AlexNet, a 2x2 pool follows the first, the second and the last convolution if the map
    is large enough. With `auxiliary`, DARTS' auxiliary head reads the input of the last
    convolution. A chain has no path to drop: `drop_path` has no effect.

    Args:
        config: Settings of the space.
        layers: (filters, kernel) of each convolution.
        input_shape: Channels x height x width.
        classes: Number of classes.
        auxiliary: Add the auxiliary head.
    """

    def __init__(
        self,
        config: ChainAlexNetConfig,
        layers: Sequence[tuple[int, int]],
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool,
    ):
        super().__init__()
        self.drop_path = 0.0
        channels, height, width = input_shape
        self.layers, before = nn.ModuleList(), (channels, height, width)
        for index, (filters, kernel) in enumerate(layers):
            before = (channels, height, width)
            parts: list[nn.Module] = [nn.Conv2d(channels, filters, kernel, padding=kernel // 2)]
            parts += [nn.BatchNorm2d(filters)] if config.batch_norm else []
            parts.append(nn.ReLU())
            pooled = index < 2 or index == len(layers) - 1
            if pooled and min(height, width) >= MIN_POOLED:
                parts.append(nn.MaxPool2d(2))
                height, width = height // 2, width // 2
            self.layers.append(nn.Sequential(*parts))
            channels = filters
        self.auxiliary = AuxiliaryHead(*before, classes) if auxiliary else None
        self.connected = nn.Sequential(
            final_pool(height, width),
            nn.Flatten(),
            nn.Dropout(config.dropout),
            nn.Linear(channels * min(FINAL_SIDE, height) * min(FINAL_SIDE, width), config.hidden),
            nn.ReLU(),
        )
        self.classifier = nn.Linear(config.hidden, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        for layer in self.layers:
            before = x
            x = layer(x)
        logits = self.classifier(self.connected(x))
        if self.training and self.auxiliary is not None:
            return logits, self.auxiliary(before)
        return logits


def final_pool(height: int, width: int) -> nn.AvgPool2d:
    """Return an average pool from height x width to 2x2.

    It does what an adaptive pool does, but as a plain pool, which target devices support.
    """
    kernel = -(-height // FINAL_SIDE), -(-width // FINAL_SIDE)
    stride = max(height // FINAL_SIDE, 1), max(width // FINAL_SIDE, 1)
    return nn.AvgPool2d(kernel, stride)
