"""The network of space `chain-alexnet`: AlexNet's shape for small images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from ..layers.auxiliary import AuxiliaryHead

SMALLEST = 4  # a side that is still halved
ENDS = 2  # the side that the fully connected layers read, where the map has as much


class AlexNetwork(nn.Module):
    """n x c x h x w to logits n x classes: convolutions, pools, two fully connected layers.

    `layers` are (filters, kernel). As in AlexNet a 2x2 pool stands behind the first, the
    second and the last convolution, where the map is large enough for it. A chain has no
    path to drop: `drop_path` changes nothing. With `auxiliary` DARTS' head hangs before the
    last convolution.
    """

    def __init__(
        self,
        config: Any,
        layers: Sequence[tuple[int, int]],
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool,
    ):
        super().__init__()
        self.drop_path = 0.0
        channels, height, width = input_shape
        self.layers, before = nn.ModuleList(), (channels, height, width)
        for place, (filters, kernel) in enumerate(layers):
            before = (channels, height, width)
            parts: list[nn.Module] = [nn.Conv2d(channels, filters, kernel, padding=kernel // 2)]
            parts += [nn.BatchNorm2d(filters)] if config.batch_norm else []
            parts.append(nn.ReLU())
            pooled = place < 2 or place == len(layers) - 1
            if pooled and min(height, width) >= SMALLEST:
                parts.append(nn.MaxPool2d(2))
                height, width = height // 2, width // 2
            self.layers.append(nn.Sequential(*parts))
            channels = filters
        self.auxiliary = AuxiliaryHead(*before, classes) if auxiliary else None
        self.connected = nn.Sequential(
            average_to_ends(height, width),
            nn.Flatten(),
            nn.Dropout(config.dropout),
            nn.Linear(channels * min(ENDS, height) * min(ENDS, width), config.hidden),
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


def average_to_ends(height: int, width: int) -> nn.AvgPool2d:
    """Averages a map to 2x2: what an adaptive pool does, as a plain one, which devices know."""
    kernel = -(-height // ENDS), -(-width // ENDS)
    stride = max(height // ENDS, 1), max(width // ENDS, 1)
    return nn.AvgPool2d(kernel, stride)
