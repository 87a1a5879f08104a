"""The first layers of networks that stack cells or layers."""

from __future__ import annotations

import torch
from torch import nn

from ..common.stacking import StemSettings
from .blocks import relu_conv_bn

IMAGENET_PIXELS = 64  # "auto" takes the ImageNet stem from this height and width


class SmallStem(nn.Module):
    """3x3 convolution and BN, for small images; returns its output twice, as both cell inputs."""

    halvings = 0

    def __init__(self, inputs: int, channels: int):
        super().__init__()
        self.outputs = (channels, channels)
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y = self.layers(x)
        return y, y


class ImagenetStem(nn.Module):
    """Three 3x3 convolutions of stride 2; returns the outputs of the second and the third."""

    halvings = 3

    def __init__(self, inputs: int, channels: int):
        super().__init__()
        self.outputs = (channels, channels)
        half = channels // 2
        self.older = nn.Sequential(
            nn.Conv2d(inputs, half, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(half),
            *relu_conv_bn(half, channels, kernel=3, stride=2),
        )
        self.newer = relu_conv_bn(channels, channels, kernel=3, stride=2)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        older = self.older(x)
        return older, self.newer(older)


def make_stem(config: StemSettings, input_shape: tuple[int, ...]) -> SmallStem | ImagenetStem:
    """Return the stem of the settings.

    Its `outputs` are the channels of both outputs; `halvings` is the number of times that the
    newer output was halved.
    """
    large = min(input_shape[1:]) >= IMAGENET_PIXELS
    if config.stem == "imagenet" or (config.stem == "auto" and large):
        return ImagenetStem(input_shape[0], config.channels)
    return SmallStem(input_shape[0], config.channels * config.stem_multiplier)
