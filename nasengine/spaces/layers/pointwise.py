"""1x1 convolutions of stride 2 that avoid a oneDNN kernel with a memory error.

oneDNN 3.12 (in torch 2.13) writes beyond the end of a buffer when it computes the weight gradient
of such a convolution in channels-last format with fewer input channels than a vector register
holds: 8 with AVX2, 16 with AVX-512, there with two or more threads. The process dies at once, or
later by the broken heap. The forward pass and the input gradient are not affected. So the weight
gradient of a narrow convolution is computed from the subsampled map with stride 1, which gives
the same numbers to the last bit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

SAFE_CHANNELS = 16  # float32 values in the widest vector register, that of AVX-512


def pointwise_conv(x: torch.Tensor, weight: torch.Tensor, stride: int) -> torch.Tensor:
    """Return the 1x1 convolution of n x c x h x w by o x c x 1 x 1.

    The result is n x o x ceil(h / stride) x ceil(w / stride).
    """
    if stride == 1 or weight.shape[1] >= SAFE_CHANNELS or x.device.type != "cpu":
        return functional.conv2d(x, weight, None, stride)
    if torch.is_autocast_enabled("cpu"):  # a function of our own would not be cast
        return functional.conv2d(x[:, :, ::stride, ::stride], weight)
    out: torch.Tensor = _Strided.apply(x, weight, stride)
    return out


class PointwiseConv(nn.Conv2d):
    """A 1x1 convolution without bias, computed by `pointwise_conv`."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return pointwise_conv(x, self.weight, self.stride[0])


class _Strided(torch.autograd.Function):
    """A strided 1x1 convolution; its backward pass can be differentiated again."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, stride: int) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride = stride
        return functional.conv2d(x, weight, None, stride)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (grad,) = grads
        x, weight = ctx.saved_tensors
        step = ctx.stride
        by_x = _backward(grad, x, weight, step, 0) if ctx.needs_input_grad[0] else None
        subsampled = x[:, :, ::step, ::step]
        by_weight = _backward(grad, subsampled, weight, 1, 1) if ctx.needs_input_grad[1] else None
        return by_x, by_weight, None


def _backward(
    grad: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, stride: int, which: int
) -> torch.Tensor:
    """Return the gradient by the input (0) or by the weight (1)."""
    mask = [which == 0, which == 1, False]
    gradients: tuple[torch.Tensor, ...] = torch.ops.aten.convolution_backward(
        grad, x, weight, None, [stride, stride], [0, 0], [1, 1], False, [0, 0], 1, mask
    )
    return gradients[which]
