"""ReLU, depthwise and 1x1 convolution and batch norm in training, as one function."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple, cast

import torch
from torch.nn import functional

from .library import library

LANES = 8  # channels that the kernel computes at once
KERNELS = (3, 5, 7)


class Normalised(NamedTuple):
    """A map after batch norm, and the mean and the biased variance of the map before it."""

    map: torch.Tensor
    mean: torch.Tensor
    variance: torch.Tensor


class _Shape(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_long) for name in ("n", "h", "w", "ci", "co", "k", "d", "ldx", "ldg")
    ]


def is_supported(x: torch.Tensor, depthwise: torch.Tensor | None, pointwise: torch.Tensor) -> bool:
    """Whether the compiled kernel can compute these layers of a map n x c x h x w."""
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and pointwise.shape[0] % LANES == 0
        and pointwise.shape[1] % LANES == 0
        and x.shape[1] == pointwise.shape[1]
        and (depthwise is None or depthwise.shape[-1] in KERNELS)
        and not torch.is_autocast_enabled("cpu")
        and library() is not None
    )


def relu_conv_bn(
    x: torch.Tensor,
    depthwise: torch.Tensor | None,
    pointwise: torch.Tensor,
    scale: torch.Tensor | None,
    shift: torch.Tensor | None,
    *,
    dilation: int = 1,
    eps: float = 1e-5,
) -> Normalised:
    """Return ReLU, depthwise convolution, 1x1 convolution and BN by the statistics of the batch.

    The result is in channels-last format. Its gradients can be differentiated again.

    Args:
        x: n x c x h x w, for which `is_supported` holds.
        depthwise: c x 1 x k x k, or None.
        pointwise: o x c x 1 x 1.
        scale: o factors of BN, or None.
        shift: o summands of BN, or None.
        dilation: Dilation of the depthwise convolution.
        eps: Summand of the variance.
    """
    return Normalised(*_ReluConvBn.apply(x, depthwise, pointwise, scale, shift, dilation, eps))


class _ReluConvBn(torch.autograd.Function):
    @staticmethod
    def forward(  # noqa: PLR0917
        ctx: Any,
        x: torch.Tensor,
        depthwise: torch.Tensor | None,
        pointwise: torch.Tensor,
        scale: torch.Tensor | None,
        shift: torch.Tensor | None,
        dilation: int,
        eps: float,
    ) -> tuple[torch.Tensor, ...]:
        x = _readable(x)
        n, _, height, width = x.shape
        outputs = len(pointwise)
        y, z = (
            torch.empty((n, outputs, height, width), memory_format=torch.channels_last)
            for _ in range(2)
        )
        mean, variance = torch.empty(outputs), torch.empty(outputs)
        _run(
            "relu_conv_bn_forward",
            _shape(x, depthwise, pointwise, dilation, outputs),
            x, _taps(depthwise), pointwise.flatten(1).t().contiguous(), scale, shift,
            eps, y, z, mean, variance,
        )  # fmt: skip
        ctx.save_for_backward(x, depthwise, pointwise, scale, shift, y, mean, variance)
        ctx.dilation, ctx.eps = dilation, eps
        ctx.mark_non_differentiable(mean, variance)
        return z, mean, variance

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inputs, (y, mean, variance) = ctx.saved_tensors[:5], ctx.saved_tensors[5:]
        if torch.is_grad_enabled():
            return *_differentiable(ctx, grads[0], inputs), None, None
        x, depthwise, pointwise, scale, shift = inputs
        needs_x, needs_taps, needs_weight, *_ = ctx.needs_input_grad
        grad = _readable(grads[0])
        needs_weights = needs_taps or needs_weight
        by_x = torch.empty_like(x, memory_format=torch.channels_last) if needs_x else None
        by_weight = torch.empty_like(pointwise.flatten(1)) if needs_weights else None
        side = 1 if depthwise is None else depthwise.shape[-1]
        by_taps = torch.empty(side * side, x.shape[1]) if needs_weights else None
        by_scale, by_shift = (
            None if part is None else torch.empty_like(part) for part in (scale, shift)
        )
        _run(
            "relu_conv_bn_backward",
            _shape(x, depthwise, pointwise, ctx.dilation, grad.stride(3)),
            grad, x, y, _taps(depthwise), pointwise.flatten(1).contiguous(), scale, mean, variance,
            ctx.eps, by_x, by_taps, by_weight, by_scale, by_shift,
        )  # fmt: skip
        turned = None
        if depthwise is not None and by_taps is not None:
            turned = by_taps.t().reshape(depthwise.shape)
        whole = None if by_weight is None else by_weight.view(pointwise.shape)
        return by_x, turned, whole, by_scale, by_shift, None, None


def _differentiable(
    ctx: Any, grad: torch.Tensor, inputs: tuple[torch.Tensor | None, ...]
) -> list[torch.Tensor | None]:
    """Return the gradients by the inputs with a graph of their own, computed by torch's layers."""
    x, depthwise, pointwise, scale, shift = inputs
    assert x is not None and pointwise is not None
    z = layered(x, depthwise, pointwise, scale, shift, dilation=ctx.dilation, eps=ctx.eps)
    needs = ctx.needs_input_grad[: len(inputs)]
    needed = [cast(torch.Tensor, part) for part, used in zip(inputs, needs, strict=True) if used]
    found = iter(torch.autograd.grad(z, needed, grad, create_graph=True))
    return [next(found) if used else None for used in needs]


def layered(
    x: torch.Tensor,
    depthwise: torch.Tensor | None,
    pointwise: torch.Tensor,
    scale: torch.Tensor | None,
    shift: torch.Tensor | None,
    *,
    dilation: int = 1,
    eps: float = 1e-5,
) -> torch.Tensor:
    """Return the map of `relu_conv_bn`, computed by torch's layers."""
    x = functional.relu(x)
    if depthwise is not None:
        padding = dilation * (depthwise.shape[-1] // 2)
        x = functional.conv2d(x, depthwise, None, 1, padding, dilation, x.shape[1])
    x = functional.conv2d(x, pointwise)
    return torch.batch_norm(x, scale, shift, None, None, True, 0.0, eps, False)


def _run(name: str, shape: _Shape, *arguments: torch.Tensor | float | None) -> None:
    """Call a compiled function with the addresses of tensors.

    Raises:
        MemoryError: the function could not get its buffers.
    """
    values = [
        ctypes.c_double(part)
        if isinstance(part, float)
        else ctypes.c_void_p(None if part is None else part.data_ptr())
        for part in arguments
    ]
    if getattr(library(), name)(ctypes.byref(shape), *values):
        raise MemoryError("out of memory in a convolution on the CPU")


def _shape(
    x: torch.Tensor,
    depthwise: torch.Tensor | None,
    pointwise: torch.Tensor,
    dilation: int,
    grad_step: int,
) -> _Shape:
    n, channels, height, width = x.shape
    side = 1 if depthwise is None else depthwise.shape[-1]
    return _Shape(
        n, height, width, channels, len(pointwise), side, dilation, x.stride(3), grad_step
    )


def _taps(depthwise: torch.Tensor | None) -> torch.Tensor | None:
    """Return depthwise weights c x 1 x k x k as k*k x c."""
    return None if depthwise is None else depthwise.flatten(1).t().contiguous()


def _readable(x: torch.Tensor) -> torch.Tensor:
    """Return a map that the kernel can read: channels-last, or a slice of the channels of one."""
    _, channels, height, width = x.shape
    step = x.stride(3)
    if step >= channels and x.stride() == (height * width * step, 1, width * step, step):
        return x
    copy = torch.empty(x.shape, dtype=x.dtype, memory_format=torch.channels_last)
    return copy.copy_(x)
