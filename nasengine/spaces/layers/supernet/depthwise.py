"""Depthwise convolution with a backward pass that stays on the processor's fast kernels.

oneDNN, which torch computes convolutions with on the processor, has quick kernels for
depthwise gradients only without dilation and, for the weights, up to three columns: a 5x5
kernel's takes ten times as long. So the gradient by the input is computed as a forward
convolution with the flipped kernel, the one by the weights in strips of three columns, and
dilation is taken out of the map (`phases`) instead of being left to the convolution. On maps of a
few pixels its kernels wait more than they compute: there the weights' gradient is taken tap by tap,
and what of a kernel reaches beyond the map's far side is left out.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

STRIP = 3
# Pixels of the largest maps on which kernels of up to STRIP columns, and of more, gain by taps.
FEW, FEW_OF_STRIPS = 4, 16


def depthwise(x: torch.Tensor, weight: torch.Tensor, stride: int = 1) -> torch.Tensor:
    """n x c x h x w by c x 1 x k x k, k odd, to n x c x ceil(h / stride) x ceil(w / stride)."""
    if x.device.type == "cpu" and not torch.is_autocast_enabled("cpu"):
        out: torch.Tensor = _Depthwise.apply(x, _reaching(x, weight), stride)
        return out
    return functional.conv2d(x, weight, None, stride, weight.shape[-1] // 2, 1, x.shape[1])


def phases(x: torch.Tensor) -> torch.Tensor:
    """n x c x h x w to 4n x c x h/2 x w/2, h and w even: even and odd rows and columns apart.

    A kernel of dilation 2 reads one phase only, where it has no dilation.
    """
    n, c, h, w = x.shape
    apart = x.permute(0, 2, 3, 1).reshape(n, h // 2, 2, w // 2, 2, c).permute(2, 4, 0, 1, 3, 5)
    return apart.reshape(4 * n, h // 2, w // 2, c).permute(0, 3, 1, 2)


def merged(x: torch.Tensor) -> torch.Tensor:
    """Undoes `phases`."""
    n, c, h, w = x.shape
    apart = x.permute(0, 2, 3, 1).reshape(2, 2, n // 4, h, w, c).permute(2, 3, 0, 4, 1, 5)
    return apart.reshape(n // 4, 2 * h, 2 * w, c).permute(0, 3, 1, 2)


def _reaching(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The middle of a kernel, without taps that read nothing but padding wherever they stand."""
    outside = weight.shape[-1] // 2 - (max(x.shape[-2:]) - 1)
    if outside <= 0:
        return weight
    return weight[..., outside:-outside, outside:-outside]


class _Depthwise(torch.autograd.Function):
    """Its backward pass is made of differentiable operations, so it has one of its own."""

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
    if pixels <= (FEW if side <= STRIP else FEW_OF_STRIPS):
        return _by_taps(grad, x, side, stride)
    if side <= STRIP:
        return _backward(grad, x, weight, stride, (padding, padding), by_input=False)
    found = []
    for first in range(0, side, STRIP):
        strip = weight[..., first : first + STRIP]
        left = padding - first
        right = stride * (grad.shape[-1] - 1) + strip.shape[-1] - width - left
        shifted = functional.pad(x, (left, right))
        found.append(_backward(grad, shifted, strip, stride, (padding, 0), by_input=False))
    return torch.cat(found, dim=-1)


def _by_taps(grad: torch.Tensor, x: torch.Tensor, side: int, stride: int) -> torch.Tensor:
    """Each tap's gradient is a sum of products with the map as that tap sees it."""
    padding = side // 2
    rows, columns = (stride * (length - 1) + 1 for length in grad.shape[-2:])
    apart = functional.pad(x.permute(0, 2, 3, 1), (0, 0, padding, padding, padding, padding))
    by = grad.permute(0, 2, 3, 1).flatten(0, 2)
    taps = [
        (apart[:, y : y + rows : stride, z : z + columns : stride].flatten(0, 2) * by).sum(0)
        for y in range(side)
        for z in range(side)
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
    found: tuple[torch.Tensor, ...] = torch.ops.aten.convolution_backward(
        grad, x, weight, None, [stride, stride], list(padding), [1, 1], False, [0, 0],
        x.shape[1], [by_input, not by_input, False],
    )  # fmt: skip
    return found[0] if by_input else found[1]
