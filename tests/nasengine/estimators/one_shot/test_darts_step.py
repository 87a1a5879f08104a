"""DARTS' updates against exact differentiation, on small networks in float64."""

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
from nasengine.spaces.nb201.space import OPS, NB201Config, NB201Space

RATE, MOMENTUM, DECAY = 0.025, 0.9, 3e-4
SHAPE = (3, 8, 8)
SPACES = {
    "cell": CellSpace(CellConfig(cells=3, channels=4, nodes=2)),
    # Without max pooling, whose maximum jumps.
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
    """A shared network amid its training, its plain twin, and one batch of either kind."""

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
        self.optimiser = torch.optim.SGD(
            self.fast.weight_parameters(), RATE, momentum=MOMENTUM, weight_decay=DECAY
        )
        self.alphas = torch.optim.Adam(
            self.fast.architecture_parameters(), 3e-4, betas=(0.5, 0.999), weight_decay=1e-3
        )
        self.step = DartsStep(self.fast, self.optimiser, self.alphas)
        for _ in range(steps):
            self.step.weigh(self.train)
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
        """The gradient through the step ahead, by torch, on the plain twin."""
        plain = dict(self.plain.named_parameters())
        names = {id(parameter): name for name, parameter in plain.items()}
        buffers = {}
        for parameter, whole, edge, edges in pairs(self.plain, self.fast, *self.correspondence):
            buffer = self.optimiser.state[whole].get("momentum_buffer", torch.zeros_like(whole))
            buffers[names[id(parameter)]] = buffer if edge is None else buffer.chunk(edges)[edge]
        weights = {name: p for name, p in plain.items() if not name.startswith("alphas.")}
        images, labels = self.batches[0]
        loss = functional.cross_entropy(functional_call(self.plain, plain, (images,)), labels)
        found = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
        ahead = {
            name: weight - rate * (MOMENTUM * buffers[name] + gradient + DECAY * weight)
            for (name, weight), gradient in zip(weights.items(), found, strict=True)
        }
        images, labels = self.batches[1]
        answer = functional_call(self.plain, {**plain, **ahead}, (images,))
        loss = functional.cross_entropy(answer, labels)
        return loss, torch.autograd.grad(loss, list(self.plain.alphas.parameters()))


def flat(tensors):
    return torch.cat([one.detach().flatten() for one in tensors])


def distance(found, expected):
    return float((flat(found) - flat(expected)).norm() / flat(expected).norm())


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
    """Softplus in place of every ReLU: a second derivative everywhere."""
    for name in ("relu", "relu_"):
        monkeypatch.setattr(functional, name, lambda x, inplace=False: functional.softplus(x))


def check_second_order(setting, bound):
    before = [p.detach().clone() for p in setting.fast.parameters()]
    loss, found = second_order(setting.fast, setting.valid, setting.train, setting.optimiser)
    expected_loss, expected = setting.exact(RATE)
    assert float(loss) == pytest.approx(expected_loss.item(), rel=1e-12)
    assert distance(found, expected) < bound
    # The step ahead matters: without the product of second derivatives it is another gradient.
    assert distance(first_order(setting.fast, setting.valid)[1], expected) > 1e-2
    after = list(setting.fast.parameters())
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert all(p.requires_grad and p.grad is None for p in after)


def test_the_second_order_gradient_is_the_one_through_the_step_ahead(smooth):
    check_second_order(Setting("smooth cell"), 1e-4)


@pytest.mark.parametrize("partial", [1, 2])
def test_a_tenth_of_the_reach_has_a_hundredth_of_the_error(partial, smooth, monkeypatch):
    setting = Setting("nb201", partial)
    _, expected = setting.exact(RATE)
    errors = []
    for reach in (1e-3, 1e-4):
        monkeypatch.setattr(darts_step, "STEP", reach)
        errors.append(
            distance(
                second_order(setting.fast, setting.valid, setting.train, setting.optimiser)[1],
                expected,
            )
        )
    assert errors[0] < 1e-4
    assert errors[1] == pytest.approx(errors[0] / 100, rel=0.1)


@pytest.mark.parametrize(("name", "partial"), CASES)
def test_with_relu_too_where_the_difference_reaches_no_kink(name, partial, monkeypatch):
    """A finite difference across a ReLU's kink sees the kink, exact differentiation does not."""
    monkeypatch.setattr(darts_step, "STEP", 1e-6)
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
        second_order(setting.fast, setting.valid, failing, setting.optimiser)
    after = list(setting.fast.parameters())
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert all(p.requires_grad for p in after)


def test_the_steps_are_those_of_the_optimisers_each_on_its_own_parameters():
    setting = Setting("cell", steps=0)
    weights = [p.detach().clone() for p in setting.fast.weight_parameters()]
    alphas = [p.detach().clone() for p in setting.fast.architecture_parameters()]
    _, gradient = first_order(setting.fast, setting.valid)
    setting.step.architecture(setting.valid, setting.train)
    moved = setting.fast.architecture_parameters()
    # Adam's first step is the rate by the sign of gradient and decay together.
    for one, before, slope in zip(moved, alphas, gradient, strict=True):
        assert torch.allclose(one, before - 3e-4 * (slope + 1e-3 * before).sign(), atol=1e-6)
    same = zip(weights, setting.fast.weight_parameters(), strict=True)
    assert all(torch.equal(before, after) for before, after in same)
    alphas = [p.detach().clone() for p in moved]
    setting.step.clip = 0.01
    setting.step.weigh(setting.train)
    assert all(torch.equal(one, before) for one, before in zip(moved, alphas, strict=True))
    steps = [
        (before - after.detach()) / RATE - DECAY * before
        for before, after in zip(weights, setting.fast.weight_parameters(), strict=True)
    ]
    assert float(norm(steps)) == pytest.approx(0.01, rel=1e-3)


def test_cutting_scales_all_alike_and_says_by_how_much():
    tensors = [torch.tensor([3.0]), torch.tensor([0.0, 4.0])]
    assert clip_norm(tensors, 0.0) == 1.0
    assert clip_norm(tensors, 10.0) == 1.0
    assert clip_norm(tensors, 1.0) == pytest.approx(0.2)
    assert float(norm(tensors)) == pytest.approx(1.0)
    assert float(tensors[1][1] / tensors[0][0]) == pytest.approx(4 / 3)


def test_a_clipped_step_ahead_weighs_its_product_by_the_cut():
    setting = Setting("nb201")
    whole = second_order(setting.fast, setting.valid, setting.train, setting.optimiser)[1]
    wide = second_order(setting.fast, setting.valid, setting.train, setting.optimiser, clip=1e6)[1]
    assert distance(wide, whole) < 1e-12
    cut = second_order(setting.fast, setting.valid, setting.train, setting.optimiser, clip=0.01)[1]
    assert distance(cut, first_order(setting.fast, setting.valid)[1]) < distance(
        whole, first_order(setting.fast, setting.valid)[1]
    )


@pytest.mark.parametrize(("name", "partial"), [("smooth cell", 1), ("nb201", 2)])
def test_the_dominant_eigenvalue_is_that_of_the_whole_hessian(name, partial):
    setting = Setting(name, partial)
    found = dominant_eigenvalue(
        setting.fast,
        setting.valid,
        torch.Generator().manual_seed(0),
        iterations=500,
        tolerance=1e-9,
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

    whole = torch.autograd.functional.hessian(loss, flat(setting.plain.alphas.values()))
    values = torch.linalg.eigvalsh(whole)
    assert found == pytest.approx(float(values[values.abs().argmax()]), rel=1e-4)
