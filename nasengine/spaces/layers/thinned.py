"""1x1 convolutions that read every second row and column, kept off a kernel that breaks memory.

On processors with AVX2 and no AVX-512, oneDNN 3.12 (in torch 2.13) takes the gradient by the
weights of such a convolution, channels last and with fewer than six input channels, beyond the end
of its buffer: the process dies, or a heap it left broken kills it later. With less than a vector
of eight channels the map is thinned out first, after which it is a 1x1 convolution like any other.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

VECTOR = 8  # float32 values in a register of AVX2


def thinned(x: torch.Tensor, weight: torch.Tensor, stride: int) -> torch.Tensor:
    """n x c x h x w by o x c x 1 x 1 to n x o x ceil(h / stride) x ceil(w / stride)."""
    if stride > 1 and weight.shape[1] < VECTOR and x.device.type == "cpu":
        return functional.conv2d(x[:, :, ::stride, ::stride], weight)
    return functional.conv2d(x, weight, None, stride)


class Thinned(nn.Conv2d):
    """A 1x1 convolution without bias that computes `thinned`."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return thinned(x, self.weight, self.stride[0])
