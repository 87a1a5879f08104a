"""Modules of operations in stand-alone networks: no BN after pools, BN with scale and shift."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from .blocks import FactorizedReduce, dilated, factored_seven, relu_conv_bn, separable


def _max_pool(channels: int, stride: int) -> nn.Module:
    return nn.MaxPool2d(3, stride, padding=1)


def _avg_pool(channels: int, stride: int) -> nn.Module:
    return nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)


def _skip(channels: int, stride: int) -> nn.Module:
    return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels)


def _of_kernel(block: Callable[..., nn.Module], kernel: int) -> Callable[[int, int], nn.Module]:
    return lambda channels, stride: block(channels, kernel, stride)


def _convolution(kernel: int) -> Callable[[int, int], nn.Module]:
    return lambda channels, stride: relu_conv_bn(channels, channels, kernel, stride)


_MAKERS: dict[str, Callable[[int, int], nn.Module]] = {
    "max_pool_3x3": _max_pool,
    "avg_pool_3x3": _avg_pool,
    "skip_connect": _skip,
    "sep_conv_3x3": _of_kernel(separable, 3),
    "sep_conv_5x5": _of_kernel(separable, 5),
    "sep_conv_7x7": _of_kernel(separable, 7),
    "dil_conv_3x3": _of_kernel(dilated, 3),
    "dil_conv_5x5": _of_kernel(dilated, 5),
    "conv_7x1_1x7": factored_seven,
    "nor_conv_1x1": _convolution(1),
    "nor_conv_3x3": _convolution(3),
    "nor_conv_5x5": _convolution(5),
}


def make_operation(name: str, channels: int, stride: int) -> nn.Module:
    """Return the module of an operation that keeps the number of channels.

    `none` has no module; networks leave such edges out. The module's attribute `operation_name`
    is the name, for tables of networks.

    Raises:
        KeyError: there is no operation of that name.
    """
    module = _MAKERS[name](channels, stride)
    module.operation_name = name  # type: ignore[assignment]  # torch's stubs know only tensors
    return module
