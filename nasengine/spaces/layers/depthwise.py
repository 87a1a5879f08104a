"""Depthwise convolution whose backward pass uses only the fast kernels of oneDNN.

On the CPU, torch computes convolutions with oneDNN, which has fast kernels for depthwise
gradients only without dilation and, for weight gradients, only up to three columns: a 5x5
kernel takes ten times as long. Therefore the input gradient is a forward convolution with the
flipped kernel, the weight gradient is computed in strips of three columns, and dilation is
replaced by a rearranged map (`phases`). On maps of a few pixels the overhead of these kernels
dominates; there the weight gradient is computed tap by tap, and the border of the kernel that
would read only padding is left out.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

STRIP = 3
# Most pixels of maps for which taps are faster: kernels of up to STRIP columns, and wider ones.
MAX_TAP_PIXELS, MAX_TAP_PIXELS_WIDE = 4, 16


def depthwise(x: torch.Tensor, weight: torch.Tensor, stride: int = 1) -> torch.Tensor:
    """Return the depthwise convolution of n x c x h x w by c x 1 x k x k, k odd.

    The result is n x c x ceil(h / stride) x ceil(w / stride).
    """
    if x.device.type == "cpu" and not torch.is_autocast_enabled("cpu"):
        out: torch.Tensor = _Depthwise.apply(x, _reaching(x, weight), stride)
        return out
    return functional.conv2d(x, weight, None, stride, weight.shape[-1] // 2, 1, x.shape[1])


def phases(x: torch.Tensor) -> torch.Tensor:
    """Split even and odd rows and columns: n x c x h x w to 4n x c x h/2 x w/2, h and w even.

    A kernel of dilation 2 reads only one phase, and there it has no dilation.
    """
    n, c, h, w = x.shape
    apart = x.permute(0, 2, 3, 1).reshape(n, h // 2, 2, w // 2, 2, c).permute(2, 4, 0, 1, 3, 5)
    return apart.reshape(4 * n, h // 2, w // 2, c).permute(0, 3, 1, 2)


def merged(x: torch.Tensor) -> torch.Tensor:
    """Invert `phases`."""
    n, c, h, w = x.shape
    apart = x.permute(0, 2, 3, 1).reshape(2, 2, n // 4, h, w, c).permute(2, 3, 0, 4, 1, 5)
    return apart.reshape(n // 4, 2 * h, 2 * w, c).permute(0, 3, 1, 2)


def _reaching(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return the middle of a kernel, without the taps that only ever read padding."""
    outside = weight.shape[-1] // 2 - (max(x.shape[-2:]) - 1)
    if outside <= 0:
        return weight
    return weight[..., outside:-outside, outside:-outside]


class _Depthwise(torch.autograd.Function):
    """Depthwise convolution whose backward pass can be differentiated again (second order)."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, stride: int) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride = stride
        return functional.conv2d(x, weight, None, stride, weight.shape[-1] // 2, 1, x.shape[1])

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (grad,) = grads
        x, weight = ctx.saved_tensors
        by_x = _by_input(grad, x, weight, ctx.stride) if ctx.needs_input_grad[0] else None
        by_weight = _by_weight(grad, x, weight, ctx.stride) if ctx.needs_input_grad[1] else None
        return by_x, by_weight, None


def _by_input(
    grad: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, stride: int
) -> torch.Tensor:
    padding = weight.shape[-1] // 2
    if stride == 1:
        flipped = weight.flip(2, 3)
        return functional.conv2d(grad, flipped, None, 1, padding, 1, x.shape[1])
    return _backward(grad, x, weight, stride, (padding, padding), by_input=True)


def _by_weight(
    grad: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, stride: int
) -> torch.Tensor:
    side, width = weight.shape[-1], x.shape[-1]
    padding = side // 2
    pixels = x.shape[-2] * x.shape[-1]
    if pixels <= (MAX_TAP_PIXELS if side <= STRIP else MAX_TAP_PIXELS_WIDE):
        return _by_taps(grad, x, side, stride)
    if side <= STRIP:
        return _backward(grad, x, weight, stride, (padding, padding), by_input=False)
    strips = []
    for first in range(0, side, STRIP):
        strip = weight[..., first : first + STRIP]
        left = padding - first
        right = stride * (grad.shape[-1] - 1) + strip.shape[-1] - width - left
        shifted = functional.pad(x, (left, right))
        strips.append(_backward(grad, shifted, strip, stride, (padding, 0), by_input=False))
    return torch.cat(strips, dim=-1)


def _by_taps(grad: torch.Tensor, x: torch.Tensor, side: int, stride: int) -> torch.Tensor:
    """Sum, for each tap, the products of the gradient with the pixels that the tap reads."""
    padding = side // 2
    rows, columns = (stride * (length - 1) + 1 for length in grad.shape[-2:])
    padded = functional.pad(x.permute(0, 2, 3, 1), (0, 0, padding, padding, padding, padding))
    flat_grad = grad.permute(0, 2, 3, 1).flatten(0, 2)
    taps = [
        (
            padded[:, row : row + rows : stride, column : column + columns : stride].flatten(0, 2)
            * flat_grad
        ).sum(0)
        for row in range(side)
        for column in range(side)
    ]
    return torch.stack(taps, dim=1).unflatten(1, (1, side, side))


def _backward(
    grad: torch.Tensor,
    x: torch.Tensor,
    weight: torch.Tensor,
    stride: int,
    padding: tuple[int, int],
    *,
    by_input: bool,
) -> torch.Tensor:
    gradients: tuple[torch.Tensor, ...] = torch.ops.aten.convolution_backward(
        grad, x, weight, None, [stride, stride], list(padding), [1, 1], False, [0, 0],
        x.shape[1], [by_input, not by_input, False],
    )  # fmt: skip
    return gradients[0] if by_input else gradients[1]
