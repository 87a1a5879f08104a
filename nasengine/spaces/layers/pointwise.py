"""1x1 convolutions of stride 2 that avoid a oneDNN kernel with a memory error.

On CPUs with AVX2 but without AVX-512, oneDNN 3.12 (in torch 2.13) writes beyond the end of a
buffer when it computes the weight gradient of such a convolution in channels-last format with
fewer than six input channels: the process dies at once, or later by the broken heap. With fewer
than eight channels the map is therefore subsampled first and the convolution has stride 1.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

SAFE_CHANNELS = 8  # float32 values in an AVX2 register


def pointwise_conv(x: torch.Tensor, weight: torch.Tensor, stride: int) -> torch.Tensor:
    """Return the 1x1 convolution of n x c x h x w by o x c x 1 x 1.

    The result is n x o x ceil(h / stride) x ceil(w / stride).
    """
    if stride > 1 and weight.shape[1] < SAFE_CHANNELS and x.device.type == "cpu":
        return functional.conv2d(x[:, :, ::stride, ::stride], weight)
    return functional.conv2d(x, weight, None, stride)


class PointwiseConv(nn.Conv2d):
    """A 1x1 convolution without bias, computed by `pointwise_conv`."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return pointwise_conv(x, self.weight, self.stride[0])
