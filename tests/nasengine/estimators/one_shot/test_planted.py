"""A planted architecture is found: the network that made the answers is one of the space."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch.nn import functional

from nasengine.estimators.one_shot.common.gradients import DartsStep
from nasengine.estimators.one_shot.enas.controller import Controller
from nasengine.estimators.one_shot.enas.reinforce import Reinforce, adam
from nasengine.spaces.cell.config import CellConfig
from nasengine.spaces.cell.space import CellSpace
from nasengine.strategies.one_shot.enas.controller_config import ControllerConfig

SHAPE, CLASSES, BATCH = (3, 8, 8), 8, 32
OPERATIONS = ("none", "skip_connect", "avg_pool_3x3", "sep_conv_3x3")
# Two edges in each kind of cell, three operations that may be right on each.
SPACE = CellSpace(CellConfig(cells=3, channels=4, nodes=1, operations=OPERATIONS))
STEPS = 25
ROUNDS = 70


class Planted:
    """A shared network that learns the answers of a teacher of one architecture.

    It begins with the teacher's weights, a little off.
    """

    def __init__(self, architecture, seed):
        torch.manual_seed(seed)
        self.teacher = SPACE.build(SPACE.supernet(), SHAPE, CLASSES)
        self.choices = SPACE.choices(architecture)
        self.network = copy.deepcopy(self.teacher)
        with torch.no_grad():
            for weight in self.network.weight_parameters():
                weight.add_(0.02 * weight.abs().mean() * torch.randn_like(weight))
        self.weights = torch.optim.SGD(
            self.network.weight_parameters(), 0.01, momentum=0.9, weight_decay=3e-4
        )

    def batch(self):
        """The loss on new images, relaxed or through some choices."""
        images = torch.randn(BATCH, *SHAPE)
        with torch.no_grad():
            answers = self.teacher.forward_architecture(images, self.choices)

        def loss(choices=None):
            network = self.network
            given = (
                network(images)
                if choices is None
                else network.forward_architecture(images, choices)
            )
            return functional.mse_loss(given, answers)

        return loss


def found(architecture, seed, *, second):
    """What DARTS finds, learning architecture and weights."""
    planted = Planted(architecture, seed)
    network = planted.network
    alphas = torch.optim.Adam(network.architecture_parameters(), 0.1, betas=(0.5, 0.999))
    step = DartsStep(network, planted.weights, alphas, second=second)
    for _ in range(STEPS):
        train = planted.batch()
        step.architecture(planted.batch(), train)
        step.weigh(train)
    values = {name: alpha.detach().tolist() for name, alpha in network.alphas.items()}
    return SPACE.discretise(values)


def written(architecture, seed):
    """What ENAS' controller writes in the end; a step of weights and one of its own in turn."""
    planted = Planted(architecture, seed)
    generator = torch.Generator().manual_seed(seed)
    config = ControllerConfig(tanh=2.5, op_reduce=1.0)
    controller = Controller(SPACE.decisions(), config, generator)
    learning = Reinforce(controller, adam(controller, 0.01), baseline_decay=0.9)
    for _ in range(ROUNDS):
        planted.batch()(controller.sample(generator, SPACE.allowed).choices).backward()
        planted.weights.step()
        planted.weights.zero_grad()
        loss = planted.batch()
        samples = controller.samples(10, generator, SPACE.allowed)
        with torch.no_grad():
            known = {choices: float(loss(choices)) for choices in {one.choices for one in samples}}
        learning.step(samples, [1 / (1 + 10 * known[one.choices]) for one in samples])
    return SPACE.from_choices(controller.best(SPACE.allowed))


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_every_edge_ends_with_the_operation_that_was_planted(seed, second):
    architecture = SPACE.sample(np.random.default_rng(seed))
    assert found(architecture, seed, second=second) == architecture


@pytest.mark.parametrize("seed", range(5))
def test_a_controller_writes_what_was_planted(seed):
    architecture = SPACE.sample(np.random.default_rng(seed))
    assert written(architecture, seed) == architecture
