"""Narrow 1x1 convolutions of stride 2 never reach the kernel that writes past its buffer."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from nasengine.catalog import load
from nasengine.spaces.layers.blocks import FactorizedReduce, relu_conv_bn
from nasengine.spaces.layers.pointwise import SAFE_CHANNELS, PointwiseConv, pointwise_conv
from nasengine.spaces.layers.supernet.operations import Dense, Reduction, Source
from tests.fixtures.spaces import NETWORK_SPACES, samples, space_of

IMAGES = [name for name in NETWORK_SPACES if load("spaces", name).data_kind == "images"]


class Strided(TorchDispatchMode):
    """Collect the input channels of the weight gradients of strided 1x1 convolutions."""

    def __init__(self):
        super().__init__()
        self.channels: list[int] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.convolution_backward.default and args[10][1]:
            self._look(args[2], args[4])
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


@pytest.mark.parametrize("channels", [3, 8, 12, 15])
@pytest.mark.parametrize("side", [8, 7])
def test_only_the_weight_gradient_is_that_of_a_subsampled_map(channels, side):
    """All are equal to the last bit; the two kernels differ in rounding on some CPUs."""
    x, weight = images(channels, side).requires_grad_(), torch.randn(8, channels, 1, 1)
    strided = functional.conv2d(x, weight, None, 2)  # its weight gradient would be at fault
    factors = torch.linspace(-1, 1, strided.numel()).reshape(strided.shape)
    (by_x,) = torch.autograd.grad((strided * factors).sum(), [x])
    weight.requires_grad_()
    subsampled = functional.conv2d(x[:, :, ::2, ::2], weight)
    (by_weight,) = torch.autograd.grad((subsampled * factors).sum(), [weight])

    out = pointwise_conv(x, weight, 2)
    found = torch.autograd.grad((out * factors).sum(), [x, weight])
    assert torch.equal(out, strided)
    assert torch.equal(found[0], by_x)
    assert torch.equal(found[1], by_weight)


def test_the_gradients_can_be_differentiated_again():
    x = torch.randn(2, 3, 5, 5, dtype=torch.double, requires_grad=True)
    weight = torch.randn(2, 3, 1, 1, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda a, b: pointwise_conv(a, b, 2), (x, weight))


def test_autocast_still_applies():
    with torch.autocast("cpu", torch.bfloat16):
        assert pointwise_conv(images(8), torch.randn(4, 8, 1, 1), 2).dtype == torch.bfloat16


# oneDNN #6035: a separate process, because the fault kills it.
CRASH = """
import sys
import torch
from nasengine.spaces.layers.pointwise import PointwiseConv
torch.set_num_threads(2)
torch.manual_seed(0)
for channels in (2, 6, 8, 12, 15):
    conv = PointwiseConv(channels, 8, 2).to(memory_format=torch.channels_last)
    for _ in range(10):
        x = torch.randn(5, channels, 16, 16).to(memory_format=torch.channels_last)
        conv(x.requires_grad_()).square().sum().backward()
        other = [torch.empty(size) for size in range(1, 400, 7)]
"""


@pytest.mark.parametrize("instructions", ["AVX2", "AVX512_CORE"])
def test_narrow_convolutions_on_two_threads_leave_the_memory_whole(instructions):
    # oneDNN takes the lesser of these instructions and those of the CPU.
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": instructions, "MALLOC_CHECK_": "3"}
    command = [sys.executable, "-c", CRASH]
    done = subprocess.run(
        command, check=False, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-500:]


@pytest.mark.parametrize("name", IMAGES)
def test_no_space_builds_a_network_with_the_faulty_kernel(name):
    space = space_of(name)
    for architecture in samples(space, 3, seed=5):
        network = space.build(architecture, (1, 8, 8), classes=3)
        with Strided() as strided:
            network(torch.randn(3, 1, 8, 8)).sum().backward()
        assert all(channels >= SAFE_CHANNELS for channels in strided.channels)


@pytest.mark.parametrize("channels", [2, 4, 8, 12, SAFE_CHANNELS, 32])
def test_narrow_blocks_contain_no_strided_1x1_convolution(channels):
    blocks = [
        relu_conv_bn(channels, channels, 1, 2),
        lambda x: torch.cat(Dense(2, channels, 2, 1)(Source(x, 2, 2))),
    ]
    for block in blocks:
        with Strided() as strided:
            x = images(channels).requires_grad_()
            block(x).sum().backward()
        assert bool(strided.channels) == (channels >= SAFE_CHANNELS)


def test_factorized_reductions_contain_no_strided_1x1_convolution_in_training():
    for block in (
        FactorizedReduce(16, 16),
        lambda x: torch.cat(Reduction(2, 16, 2)(Source(x, 2, 2))),
    ):
        with Strided() as strided:
            block(images(16).requires_grad_()).sum().backward()
        assert not strided.channels


def test_the_module_counts_and_is_saved_as_a_convolution():
    module = PointwiseConv(3, 4, 2)
    assert isinstance(module, torch.nn.Conv2d)
    assert module.bias is None
    assert set(module.state_dict()) == {"weight"}
    assert module(images(3)).shape == (3, 4, 4, 4)
