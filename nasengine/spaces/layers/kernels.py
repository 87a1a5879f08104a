"""Forms of common layers for training on the CPU in channels-last format.

On the CPU, torch's kernels for channels-last maps are several times faster than its others, but
only if the gradient has this format too; slices and concatenations lose it in the backward pass.
The functions here keep it. They compute what the layers of torch compute, and their backward
passes can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional

from .depthwise import depthwise, merged, phases
from .native.relu_conv_bn import Normalised, is_supported, relu_conv_bn

EPSILON = 1e-5  # of layers without an eps of their own
CHANNELS_LAST = torch.channels_last
_plain: ContextVar[bool] = ContextVar("plain_layers", default=False)


@contextmanager
def plain_layers() -> Iterator[None]:
    """Compute every layer by its own module inside the block, so that its hooks are called."""
    token = _plain.set(True)
    try:
        yield
    finally:
        _plain.reset(token)


def trains_in_channels_last(x: torch.Tensor) -> bool:
    """Whether a map is on the CPU, in channels-last format, in a pass that needs gradients."""
    return (
        x.device.type == "cpu"
        and not _plain.get()
        and torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
        and x.is_contiguous(memory_format=CHANNELS_LAST)
    )


def aligned(x: torch.Tensor) -> torch.Tensor:
    """Return x, n x c x h x w; its gradient is brought into channels-last format."""
    out: torch.Tensor = _Aligned.apply(x)
    return out


def quarters(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the pixels at even rows and columns of x, and those at odd rows and columns.

    Both are n x c x ceil(h / 2) x ceil(w / 2); a missing last odd row or column is zero.
    """
    even, odd = _Quarters.apply(x)
    return even, odd


def trained(x: torch.Tensor, layers: Sequence[nn.Module]) -> torch.Tensor:
    """Return ReLU, convolution or depthwise and 1x1 convolution, and BN, in training mode.

    Args:
        x: n x c x h x w, for which `trains_in_channels_last` holds.
        layers: ReLU, the convolutions, BN.
    """
    _, *convolutions, last = layers
    norm = cast(nn.BatchNorm2d, last)
    first, point = cast(nn.Conv2d, convolutions[0]), cast(nn.Conv2d, convolutions[-1])
    wide = first if len(convolutions) == 2 else None
    plain = point.kernel_size == (1, 1) and first.stride == (1, 1) and point.groups == 1
    # Normalisation over several processes needs their statistics, which the kernel does not have.
    plain = plain and not getattr(norm, "is_joint", False)
    taps = None if wide is None else wide.weight
    if (
        plain
        and (wide is None or wide.groups == x.shape[1])
        and is_supported(x, taps, point.weight)
    ):
        dilation = int(first.dilation[0])
        eps = float(getattr(norm, "eps", EPSILON))
        result = relu_conv_bn(
            x, taps, point.weight, norm.weight, norm.bias, dilation=dilation, eps=eps
        )
        track(norm, result, len(x) * x.shape[-2] * x.shape[-1])
        return result.map
    x = aligned(functional.relu(x))
    for layer in convolutions:
        x = _convolved(x, cast(nn.Conv2d, layer))
    return aligned(norm(x))


@torch.no_grad()
def track(norm: nn.BatchNorm2d, result: Normalised, count: int) -> None:
    """Update the running statistics of a BN as torch does, from statistics of `count` values."""
    if getattr(norm, "running_mean", None) is None:  # supernets keep no running statistics
        return
    rate = norm.momentum or 0.0
    mean, variance = (cast(torch.Tensor, part) for part in (norm.running_mean, norm.running_var))
    mean.lerp_(result.mean, rate)
    variance.lerp_(result.variance * (count / max(count - 1, 1)), rate)
    if norm.num_batches_tracked is not None:
        norm.num_batches_tracked.add_(1)


def _convolved(x: torch.Tensor, layer: nn.Conv2d) -> torch.Tensor:
    """Return the result of a convolution, by the fast kernels for a depthwise one."""
    is_depthwise = layer.groups == layer.in_channels == layer.out_channels > 1
    if not is_depthwise or (layer.stride != (1, 1) and layer.dilation != (1, 1)):
        return cast(torch.Tensor, layer(x))
    if layer.dilation == (1, 1):
        return depthwise(x, layer.weight, layer.stride[0])
    if x.shape[-2] % 2 or x.shape[-1] % 2:
        return cast(torch.Tensor, layer(x))
    return merged(depthwise(phases(x), layer.weight))


class _Aligned(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> torch.Tensor:
        return grads[0].contiguous(memory_format=CHANNELS_LAST)


class _Quarters(torch.autograd.Function):
    """The adjoint of `_Spread`; each is the backward pass of the other."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        ctx.size = x.shape[-2:]
        height, width = (side % 2 for side in x.shape[-2:])
        even = x[:, :, ::2, ::2].contiguous(memory_format=CHANNELS_LAST)
        odd = x[:, :, 1::2, 1::2]
        if height or width:
            odd = functional.pad(odd, (0, width, 0, height))
        return even, odd.contiguous(memory_format=CHANNELS_LAST)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = _Spread.apply(*grads, ctx.size)
        return out


class _Spread(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, even: torch.Tensor, odd: torch.Tensor, size: tuple[int, int]
    ) -> torch.Tensor:
        height, width = size
        whole = torch.zeros(
            *even.shape[:2], height, width, dtype=even.dtype, device=even.device
        ).contiguous(memory_format=CHANNELS_LAST)
        whole[:, :, ::2, ::2] = even
        whole[:, :, 1::2, 1::2] = odd[:, :, : height // 2, : width // 2]
        return whole

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        even, odd = _Quarters.apply(grads[0])
        return even, odd, None
