"""The fast layers for training on the CPU compute what torch's layers compute."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from benchmarks.one_shot.plain_blocks import plain
from nasengine.spaces.cell.config import CellConfig
from nasengine.spaces.cell.space import CellSpace
from nasengine.spaces.common.membership import resized
from nasengine.spaces.layers import blocks
from nasengine.spaces.layers.kernels import quarters
from nasengine.spaces.layers.native import library as building
from nasengine.spaces.layers.native import relu_conv_bn as native
from nasengine.spaces.published.darts import DARTS_V2

TOLERANCE = 1e-5


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "library", lambda: None)


@pytest.fixture(params=["compiled", "torch"])
def kernels(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a test with the compiled kernels, if there is a compiler, and with torch's."""
    if request.param == "torch":
        request.getfixturevalue("no_library")
    yield request.param


def images(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(*shape, generator=generator).contiguous(memory_format=torch.channels_last)


def close(left: torch.Tensor, right: torch.Tensor) -> bool:
    """Whether two tensors differ by at most 1e-5 of the largest value."""
    return float((left - right).abs().max()) <= TOLERANCE * float(right.abs().max() + 1e-3)


@pytest.mark.parametrize("sides", [(8, 8), (7, 5), (1, 2)])
@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (3, 1), (3, 2), (5, 1), (5, 2), (7, 1)])
@pytest.mark.parametrize(("inputs", "outputs"), [(8, 8), (24, 16)])
def test_compiled_layers_equal_those_of_torch(sides, kernel, dilation, inputs, outputs):
    taps = images(inputs, 1, kernel, kernel).requires_grad_() if kernel > 1 else None
    point = images(outputs, inputs, 1, 1).requires_grad_()
    scale, shift = (torch.rand(outputs).requires_grad_() for _ in range(2))
    # The kernel reads a slice of the channels of a map, and a gradient that is one.
    x = images(6, inputs + 8, *sides)[:, 8:].requires_grad_()
    grad = images(6, outputs + 8, *sides)[:, :outputs]
    parts = [x, point, scale, shift, *([] if taps is None else [taps])]
    plain = native.layered(x, taps, point, scale, shift, dilation=dilation)
    expected = torch.autograd.grad(plain, parts, grad)
    result = native.relu_conv_bn(x, taps, point, scale, shift, dilation=dilation)
    found = torch.autograd.grad(result.map, parts, grad)
    assert close(result.map, plain)
    assert all(close(a, b) for a, b in zip(found, expected, strict=True))


def test_the_number_of_threads_changes_no_bit():
    x, point = images(5, 16, 6, 6).requires_grad_(), images(8, 16, 1, 1).requires_grad_()
    before, results = torch.get_num_threads(), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        y = native.relu_conv_bn(x, None, point, None, None).map
        results.append([y, *torch.autograd.grad(y.square().sum(), [x, point])])
    torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_gradients_of_compiled_layers_can_be_differentiated_again():
    x, point = images(4, 8, 4, 4).requires_grad_(), images(8, 8, 1, 1).requires_grad_()
    seconds = []
    for form in (
        lambda: native.relu_conv_bn(x, None, point, None, None).map,
        lambda: native.layered(x, None, point, None, None),
    ):
        (first,) = torch.autograd.grad(form().pow(3).sum(), [point], create_graph=True)
        seconds.append(torch.autograd.grad(first.square().sum(), [x, point]))
    assert all(close(a, b) for a, b in zip(*seconds, strict=True))


def test_values_that_are_not_finite_pass_through():
    x = images(2, 8, 4, 4)
    x[0, 0, 0, 0] = torch.nan
    y = native.relu_conv_bn(x, None, images(8, 8, 1, 1), None, None).map
    assert bool(y.isnan().all())


@pytest.mark.parametrize(
    "block",
    [
        blocks.separable(8, 3, 1),
        blocks.separable(8, 5, 2),
        blocks.dilated(8, 3, 1),
        blocks.dilated(8, 5, 2),
        blocks.relu_conv_bn(8, 16),
        blocks.relu_conv_bn(8, 8, 3, 2),
        blocks.FactorizedReduce(8, 16),
        blocks.FactorizedReduce(6, 5),
        blocks.factored_seven(8, 1),
    ],
    ids=lambda block: type(block).__name__,
)
@pytest.mark.parametrize("sides", [(8, 8), (5, 7)])
def test_blocks_in_training_equal_plain_layers(kernels, block, sides):
    fast, plain = copy.deepcopy(block), plain_form(copy.deepcopy(block))
    channels = next(layer for layer in block.modules() if isinstance(layer, nn.Conv2d)).in_channels
    x, y = (images(4, channels, *sides).requires_grad_() for _ in range(2))
    outputs = fast(x), plain(y)
    grad = torch.randn_like(outputs[1])
    for out in outputs:
        out.backward(grad)
    plain(y), fast(x)  # a second update of the running statistics
    assert close(*outputs)
    assert close(x.grad, y.grad)
    pairs = zip(fast.parameters(), plain.parameters(), strict=True)
    assert all(close(a.grad, b.grad) for a, b in pairs)
    states = zip(fast.state_dict().values(), plain.state_dict().values(), strict=True)
    assert all(close(a.float(), b.float()) for a, b in states)


def plain_form(block: nn.Module) -> nn.Module:
    """Return the same layers as a plain sequence, or the reduction in torch's default format."""
    if isinstance(block, nn.Sequential):
        return nn.Sequential(*block)
    forward = block.forward
    block.forward = lambda x: forward(x.contiguous())
    return block


@pytest.mark.parametrize("sides", [(6, 4), (5, 7)])
def test_quarters_take_every_second_pixel(sides):
    x = images(2, 3, *sides).requires_grad_()
    even, odd = quarters(x)
    padded = nn.functional.pad(x, (0, sides[1] % 2, 0, sides[0] % 2))
    assert torch.equal(even, x[:, :, ::2, ::2])
    assert torch.equal(odd, padded[:, :, 1::2, 1::2])
    assert torch.autograd.gradgradcheck(quarters, x.detach().double().requires_grad_())


def test_without_a_compiler_there_are_no_compiled_kernels(monkeypatch, tmp_path):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    assert building.built(tmp_path) is None
    monkeypatch.setenv("CC", "false")
    monkeypatch.setattr(building, "cache_folder", lambda: tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert building.library.__wrapped__() is None
    monkeypatch.setenv("NASENGINE_NATIVE", "0")
    assert building.library.__wrapped__() is None
    assert not list(tmp_path.iterdir())


def test_a_stand_alone_network_in_training_equals_its_plain_twin(kernels):
    """The twin has torch's layers and memory format; in float64 both give the same gradients."""
    space = CellSpace(CellConfig(cells=3, channels=8))
    architecture = resized(CellConfig, DARTS_V2, cells=3, channels=8)
    fast, twin = (space.build(architecture, (3, 8, 8), 3) for _ in range(2))
    twin.load_state_dict(fast.state_dict())
    plain(twin)
    fast.to(memory_format=torch.channels_last)
    x = images(8, 3, 8, 8)
    assert close(fast(x), twin(x.contiguous()))
    # Rounding in float32 moves pixels over the kinks of ReLU and max pools; float64 hardly does.
    labels = torch.arange(8) % 3
    for network in (fast.double(), twin.double()):
        nn.functional.cross_entropy(network(x.double()), labels).backward()
    pairs = zip(fast.parameters(), twin.parameters(), strict=True)
    assert all(torch.allclose(a.grad, b.grad, atol=1e-9) for a, b in pairs)
