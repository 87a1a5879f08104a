"""Convolution blocks of DARTS (1806.09055) and NAS-Bench-201: ReLU, convolution, BN.

Every block maps n x c x h x w to n x c_out x ceil(h / stride) x ceil(w / stride).
"""

from __future__ import annotations

from typing import cast

import torch
from torch import nn
from torch.nn import functional

from .kernels import aligned, quarters, trained, trains_in_channels_last
from .pointwise import PointwiseConv


def relu_conv_bn(inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> ReluConvBn:
    """Return ReLU, k x k convolution, BN."""
    convolution = (
        PointwiseConv(inputs, outputs, stride)
        if kernel == 1
        else nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    )
    return ReluConvBn(nn.ReLU(), convolution, nn.BatchNorm2d(outputs))


class ReluConvBn(nn.Sequential):
    """ReLU, convolution, BN, or ReLU, depthwise convolution, 1x1 convolution, BN; also repeated."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not (self.training and trains_in_channels_last(x)):
            return cast(torch.Tensor, super().forward(x))
        layers = list(self)
        starts = [place for place, layer in enumerate(layers) if isinstance(layer, nn.ReLU)]
        for start, end in zip(starts, [*starts[1:], len(layers)], strict=True):
            x = trained(x, layers[start:end])
        return x


def depthwise_separable(channels: int, kernel: int, stride: int, dilation: int = 1) -> list:
    """Return ReLU, depthwise k x k, 1x1, BN: the layers that sep_conv repeats."""
    padding = dilation * (kernel // 2)
    depthwise = nn.Conv2d(
        channels,
        channels,
        kernel,
        stride,
        padding,
        dilation,
        groups=channels,
        bias=False,
    )
    pointwise = nn.Conv2d(channels, channels, 1, bias=False)
    return [nn.ReLU(), depthwise, pointwise, nn.BatchNorm2d(channels)]


def separable(channels: int, kernel: int, stride: int) -> ReluConvBn:
    """Return a separable convolution: depthwise and 1x1, twice; the first has the stride."""
    return ReluConvBn(
        *depthwise_separable(channels, kernel, stride),
        *depthwise_separable(channels, kernel, 1),
    )


def dilated(channels: int, kernel: int, stride: int) -> ReluConvBn:
    """Return a dilated separable convolution: depthwise of dilation 2 and 1x1, once."""
    return ReluConvBn(*depthwise_separable(channels, kernel, stride, dilation=2))


def factored_seven(channels: int, stride: int) -> nn.Sequential:
    """Return ReLU, 1x7 along the width, 7x1 along the height, BN."""
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(channels, channels, (1, 7), (1, stride), (0, 3), bias=False),
        nn.Conv2d(channels, channels, (7, 1), (stride, 1), (3, 0), bias=False),
        nn.BatchNorm2d(channels),
    )


class FactorizedReduce(nn.Module):
    """Halves height and width: two 1x1 convolutions of stride 2, one shifted by a pixel.

    If a side is odd, a row or column of zeros is added, because the shifted half would be one
    pixel too short. On even sides it is the reduction of the paper.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.relu = nn.ReLU()
        self.even = PointwiseConv(inputs, outputs // 2, stride=2)
        self.odd = PointwiseConv(inputs, outputs - outputs // 2, stride=2)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if trains_in_channels_last(x):
            return self._in_quarters(x)
        x = self.relu(x)
        height, width = x.shape[-2] % 2, x.shape[-1] % 2
        shifted = functional.pad(x, (0, width, 0, height)) if height or width else x
        halves = [self.even(x), self.odd(shifted[:, :, 1:, 1:])]
        return self.norm(torch.cat(halves, dim=1))

    def _in_quarters(self, x: torch.Tensor) -> torch.Tensor:
        """Return the same; of the map only the pixels that are read are activated."""
        pairs = zip((self.even, self.odd), quarters(x), strict=True)
        halves = [functional.conv2d(functional.relu(part), conv.weight) for conv, part in pairs]
        return aligned(self.norm(torch.cat(halves, dim=1)))
