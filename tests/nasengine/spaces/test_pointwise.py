"""Narrow 1x1 convolutions of stride 2 never reach the kernel that writes past its buffer."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from nasengine.spaces.layers.blocks import FactorizedReduce, relu_conv_bn
from nasengine.spaces.layers.pointwise import SAFE_CHANNELS, PointwiseConv, pointwise_conv
from nasengine.spaces.layers.supernet.operations import Dense, Reduction, Source


class Strided(TorchDispatchMode):
    """Collect the input channels of strided 1x1 convolutions, forward and backward."""

    def __init__(self):
        super().__init__()
        self.channels: list[int] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.convolution_backward.default:
            self._look(args[2], args[4])
        elif func is torch.ops.aten.convolution.default:
            self._look(args[1], args[3])
        return func(*args, **(kwargs or {}))

    def _look(self, weight: torch.Tensor, stride: list[int]) -> None:
        if weight.shape[2:] == (1, 1) and max(stride) > 1:
            self.channels.append(weight.shape[1])


def images(channels: int, side: int = 8) -> torch.Tensor:
    return torch.randn(3, channels, side, side).contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("channels", [1, 2, 3, 5, 8, 12])
@pytest.mark.parametrize("side", [8, 7])
@pytest.mark.parametrize("stride", [1, 2])
def test_the_result_is_that_of_the_convolution(channels, side, stride):
    x, weight = images(channels, side), torch.randn(4, channels, 1, 1)
    expected = functional.conv2d(x.double(), weight.double(), None, stride)
    assert torch.allclose(pointwise_conv(x, weight, stride).double(), expected, atol=1e-5)


def test_the_gradients_are_those_of_the_convolution():
    x, weight = images(2).requires_grad_(), torch.randn(4, 2, 1, 1, requires_grad=True)
    doubles = [one.detach().double().requires_grad_() for one in (x, weight)]
    found = torch.autograd.grad(pointwise_conv(x, weight, 2).square().sum(), [x, weight])
    expected = torch.autograd.grad(functional.conv2d(*doubles, None, 2).square().sum(), doubles)
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one.double(), other, atol=1e-4)


@pytest.mark.parametrize("channels", [2, 4, SAFE_CHANNELS, 16])
def test_narrow_blocks_contain_no_strided_1x1_convolution(channels):
    blocks = [
        FactorizedReduce(channels, channels),
        relu_conv_bn(channels, channels, 1, 2),
        lambda x: Reduction(2, channels, 2)(Source(x, 2, 2)),
        lambda x: Dense(2, channels, 2, 1)(Source(x, 2, 2)),
    ]
    for block in blocks:
        with Strided() as strided:
            x = images(channels).requires_grad_()
            block(x).sum().backward()
        assert bool(strided.channels) == (channels >= SAFE_CHANNELS)


def test_the_module_counts_and_is_saved_as_a_convolution():
    module = PointwiseConv(3, 4, 2)
    assert isinstance(module, torch.nn.Conv2d)
    assert module.bias is None
    assert set(module.state_dict()) == {"weight"}
    assert module(images(3)).shape == (3, 4, 4, 4)
