"""DARTS' updates compared with exact differentiation, on small networks in float64."""

from __future__ import annotations

import pytest
import torch
from torch.func import functional_call
from torch.nn import functional

from benchmarks.one_shot.plain import PlainCellNetwork, PlainNB201Network
from benchmarks.one_shot.twins import copy_weights, pairs
from nasengine.estimators.one_shot.common import gradients as darts_step
from nasengine.estimators.one_shot.common.gradients import (
    DartsStep,
    clip_norm,
    first_order,
    norm,
    second_order,
)
from nasengine.estimators.one_shot.darts.hessian import dominant_eigenvalue
from nasengine.spaces.cell.config import CellConfig
from nasengine.spaces.cell.space import CellSpace
from nasengine.spaces.nb201.config import OPS, NB201Config
from nasengine.spaces.nb201.space import NB201Space

RATE, MOMENTUM, DECAY = 0.025, 0.9, 3e-4
SHAPE = (3, 8, 8)
SPACES = {
    "cell": CellSpace(CellConfig(cells=3, channels=4, nodes=2)),
    # Without max pooling, which is not smooth.
    "smooth cell": CellSpace(
        CellConfig(
            cells=3,
            channels=4,
            nodes=2,
            operations=("none", "avg_pool_3x3", "skip_connect", "sep_conv_3x3", "dil_conv_3x3"),
        )
    ),
    "nb201": NB201Space(NB201Config(cells=1, channels=4)),
}


class Setting:
    """A partly trained supernet, its plain twin, a training batch and a validation batch."""

    def __init__(self, name, partial=1, steps=2):
        torch.manual_seed(0)
        space = SPACES[name]
        self.fast = space.build(space.supernet(partial), SHAPE, 5).double()
        for parameter in self.fast.architecture_parameters():
            torch.nn.init.normal_(parameter)
        self.batches = [
            (torch.randn(16, *SHAPE, dtype=torch.float64), torch.randint(5, (16,)))
            for _ in range(2)
        ]
        self.optimizer = torch.optim.SGD(
            self.fast.weight_parameters(), RATE, momentum=MOMENTUM, weight_decay=DECAY
        )
        self.alphas = torch.optim.Adam(
            self.fast.architecture_parameters(), 3e-4, betas=(0.5, 0.999), weight_decay=1e-3
        )
        self.step = DartsStep(self.fast, self.optimizer, self.alphas)
        for _ in range(steps):
            self.step.weight_step(self.train)
        kind = PlainCellNetwork if "cell" in name else PlainNB201Network
        self.plain = kind(space.config, SHAPE, 5, partial).double()
        self.correspondence = (2, space.config.operations) if "cell" in name else (1, OPS)
        copy_weights(self.plain, self.fast, *self.correspondence)

    def train(self):
        return self._loss(self.batches[0])

    def valid(self):
        return self._loss(self.batches[1])

    def _loss(self, batch):
        return functional.cross_entropy(self.fast(batch[0]), batch[1])

    def exact(self, rate):
        """Return loss and gradient through the unrolled step, from autograd on the plain twin."""
        plain = dict(self.plain.named_parameters())
        names = {id(parameter): name for name, parameter in plain.items()}
        buffers = {}
        for parameter, whole, edge, edges in pairs(self.plain, self.fast, *self.correspondence):
            buffer = self.optimizer.state[whole].get("momentum_buffer", torch.zeros_like(whole))
            buffers[names[id(parameter)]] = buffer if edge is None else buffer.chunk(edges)[edge]
        weights = {name: p for name, p in plain.items() if not name.startswith("alphas.")}
        images, labels = self.batches[0]
        loss = functional.cross_entropy(functional_call(self.plain, plain, (images,)), labels)
        gradients = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
        unrolled = {
            name: weight - rate * (MOMENTUM * buffers[name] + gradient + DECAY * weight)
            for (name, weight), gradient in zip(weights.items(), gradients, strict=True)
        }
        images, labels = self.batches[1]
        answer = functional_call(self.plain, {**plain, **unrolled}, (images,))
        loss = functional.cross_entropy(answer, labels)
        return loss, torch.autograd.grad(loss, list(self.plain.alphas.parameters()))


def flat(tensors):
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def distance(gradient, expected):
    """Return the relative distance of two gradients."""
    return float((flat(gradient) - flat(expected)).norm() / flat(expected).norm())


CASES = [("cell", 1), ("nb201", 1), ("cell", 2)]


@pytest.mark.parametrize(("name", "partial"), CASES)
def test_the_first_order_gradient_is_exact(name, partial):
    setting = Setting(name, partial)
    loss, found = first_order(setting.fast, setting.valid)
    expected_loss, expected = setting.exact(rate=0.0)
    assert float(loss) == pytest.approx(expected_loss.item(), rel=1e-12)
    assert distance(found, expected) < 1e-10


@pytest.fixture
def smooth(monkeypatch):
    """Replace every ReLU by softplus, which has a second derivative everywhere."""
    for name in ("relu", "relu_"):
        monkeypatch.setattr(functional, name, lambda x, inplace=False: functional.softplus(x))


def check_second_order(setting, bound):
    before = [p.detach().clone() for p in setting.fast.parameters()]
    loss, found = second_order(setting.fast, setting.valid, setting.train, setting.optimizer)
    expected_loss, expected = setting.exact(RATE)
    assert float(loss) == pytest.approx(expected_loss.item(), rel=1e-12)
    assert distance(found, expected) < bound
    # Without the product of second derivatives the gradient is clearly different.
    assert distance(first_order(setting.fast, setting.valid)[1], expected) > 1e-2
    after = list(setting.fast.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert all(p.requires_grad and p.grad is None for p in after)


def test_the_second_order_gradient_is_that_through_the_unrolled_step(smooth):
    check_second_order(Setting("smooth cell"), 1e-4)


@pytest.mark.parametrize("partial", [1, 2])
def test_the_error_of_the_finite_difference_is_quadratic_in_its_step(partial, smooth, monkeypatch):
    setting = Setting("nb201", partial)
    _, expected = setting.exact(RATE)
    errors = []
    for step in (1e-3, 1e-4):
        monkeypatch.setattr(darts_step, "FINITE_DIFFERENCE_STEP", step)
        errors.append(
            distance(
                second_order(setting.fast, setting.valid, setting.train, setting.optimizer)[1],
                expected,
            )
        )
    assert errors[0] < 1e-4
    assert errors[1] == pytest.approx(errors[0] / 100, rel=0.1)


@pytest.mark.parametrize(("name", "partial"), CASES)
def test_the_second_order_gradient_with_relu_and_a_tiny_step(name, partial, monkeypatch):
    """A finite difference across the kink of a ReLU differs from the exact derivative."""
    monkeypatch.setattr(darts_step, "FINITE_DIFFERENCE_STEP", 1e-6)
    check_second_order(Setting(name, partial), 1e-8)


def test_weights_are_restored_when_a_loss_fails():
    setting = Setting("nb201")
    before = [p.detach().clone() for p in setting.fast.parameters()]
    calls = []

    def failing():
        calls.append(None)
        if len(calls) == 2:
            raise RuntimeError("out of memory")
        return setting.train()

    with pytest.raises(RuntimeError, match="out of memory"):
        second_order(setting.fast, setting.valid, failing, setting.optimizer)
    after = list(setting.fast.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert all(p.requires_grad for p in after)


def test_each_optimizer_steps_only_its_own_parameters():
    setting = Setting("cell", steps=0)
    weights = [p.detach().clone() for p in setting.fast.weight_parameters()]
    alphas = [p.detach().clone() for p in setting.fast.architecture_parameters()]
    _, gradient = first_order(setting.fast, setting.valid)
    setting.step.architecture_step(setting.valid, setting.train)
    moved = setting.fast.architecture_parameters()
    # Adam's first step is the rate times the sign of gradient plus weight decay.
    for alpha, before, slope in zip(moved, alphas, gradient, strict=True):
        assert torch.allclose(alpha, before - 3e-4 * (slope + 1e-3 * before).sign(), atol=1e-6)
    same = zip(weights, setting.fast.weight_parameters(), strict=True)
    assert all(torch.equal(before, after) for before, after in same)
    alphas = [p.detach().clone() for p in moved]
    setting.step.clip = 0.01
    setting.step.weight_step(setting.train)
    assert all(torch.equal(alpha, before) for alpha, before in zip(moved, alphas, strict=True))
    steps = [
        (before - after.detach()) / RATE - DECAY * before
        for before, after in zip(weights, setting.fast.weight_parameters(), strict=True)
    ]
    assert float(norm(steps)) == pytest.approx(0.01, rel=1e-3)


def test_clipping_scales_all_tensors_by_the_returned_factor():
    tensors = [torch.tensor([3.0]), torch.tensor([0.0, 4.0])]
    assert clip_norm(tensors, 0.0) == 1.0
    assert clip_norm(tensors, 10.0) == 1.0
    assert clip_norm(tensors, 1.0) == pytest.approx(0.2)
    assert float(norm(tensors)) == pytest.approx(1.0)
    assert float(tensors[1][1] / tensors[0][0]) == pytest.approx(4 / 3)


def test_clipping_the_unrolled_step_scales_the_second_order_term():
    setting = Setting("nb201")
    unclipped = second_order(setting.fast, setting.valid, setting.train, setting.optimizer)[1]
    wide = second_order(setting.fast, setting.valid, setting.train, setting.optimizer, clip=1e6)[1]
    assert distance(wide, unclipped) < 1e-12
    clipped = second_order(
        setting.fast, setting.valid, setting.train, setting.optimizer, clip=0.01
    )[1]
    assert distance(clipped, first_order(setting.fast, setting.valid)[1]) < distance(
        unclipped, first_order(setting.fast, setting.valid)[1]
    )


@pytest.mark.parametrize(("name", "partial"), [("smooth cell", 1), ("nb201", 2)])
def test_the_dominant_eigenvalue_is_that_of_the_full_hessian(name, partial):
    setting = Setting(name, partial)
    eigenvalue = dominant_eigenvalue(
        setting.fast,
        setting.valid,
        torch.Generator().manual_seed(0),
        iterations=500,
        tolerance=1e-6,
    )
    names = list(setting.plain.alphas.keys())
    sizes = [setting.plain.alphas[key].numel() for key in names]
    images, labels = setting.batches[1]

    def loss(values):
        parts = {
            f"alphas.{key}": part.view_as(setting.plain.alphas[key])
            for key, part in zip(names, values.split(sizes), strict=True)
        }
        return functional.cross_entropy(functional_call(setting.plain, parts, (images,)), labels)

    hessian = torch.autograd.functional.hessian(loss, flat(setting.plain.alphas.values()))
    values = torch.linalg.eigvalsh(hessian)
    assert eigenvalue == pytest.approx(float(values[values.abs().argmax()]), rel=1e-4)
