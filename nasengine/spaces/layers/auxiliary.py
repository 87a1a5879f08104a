"""The auxiliary head of DARTS (1806.09055): a second classifier, used in training only."""

from __future__ import annotations

import torch
from torch import nn


class AuxiliaryHead(nn.Module):
    """ReLU, pool to 2x2, 1x1 to 128, 2x2 to 768, linear; n x c x h x w to n x classes.

    The pool is that of the paper for its map sizes: 5x5 of stride 3 on 8x8 (CIFAR), of stride 2
    on 7x7 (ImageNet). Maps of other sizes are averaged to 2x2.
    """

    def __init__(self, channels: int, height: int, width: int, classes: int):
        super().__init__()
        self.features = nn.Sequential(
            nn.ReLU(),
            _pool(height, width),
            nn.Conv2d(channels, 128, 1, bias=False),
            nn.BatchNorm2d(128),
            nn.ReLU(),
            nn.Conv2d(128, 768, 2, bias=False),
            nn.BatchNorm2d(768),
            nn.ReLU(),
        )
        self.classifier = nn.Linear(768, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x).flatten(1))


def _pool(height: int, width: int) -> nn.Module:
    strides = {8: 3, 7: 2}
    if height == width and height in strides:
        return nn.AvgPool2d(5, strides[height], count_include_pad=False)
    return nn.AdaptiveAvgPool2d(2)
