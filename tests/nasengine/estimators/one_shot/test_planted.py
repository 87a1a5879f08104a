"""DARTS and ENAS find a planted architecture of a teacher network."""

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
    """A supernet that learns the outputs of a teacher with one architecture.

    It starts with the teacher's weights and a little noise.
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
        """Return the loss function of new images, for the relaxed network or for choices."""
        images = torch.randn(BATCH, *SHAPE)
        with torch.no_grad():
            answers = self.teacher.forward_architecture(images, self.choices)

        def loss(choices=None):
            network = self.network
            outputs = (
                network(images)
                if choices is None
                else network.forward_architecture(images, choices)
            )
            return functional.mse_loss(outputs, answers)

        return loss


def search_with_darts(architecture, seed, *, second):
    """Train architecture and weights with DARTS; return the derived architecture."""
    planted = Planted(architecture, seed)
    network = planted.network
    alphas = torch.optim.Adam(network.architecture_parameters(), 0.1, betas=(0.5, 0.999))
    step = DartsStep(network, planted.weights, alphas, second=second)
    for _ in range(STEPS):
        train = planted.batch()
        step.architecture_step(planted.batch(), train)
        step.weight_step(train)
    values = {name: alpha.detach().tolist() for name, alpha in network.alphas.items()}
    return SPACE.discretise(values)


def search_with_enas(architecture, seed):
    """Train weights and controller in alternating steps; return the controller's best."""
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
            different = {sample.choices for sample in samples}
            losses = {choices: float(loss(choices)) for choices in different}
        learning.step(samples, [1 / (1 + 10 * losses[sample.choices]) for sample in samples])
    return SPACE.from_choices(controller.best(SPACE.allowed))


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_darts_finds_the_planted_operation_of_every_edge(seed, second):
    architecture = SPACE.sample(np.random.default_rng(seed))
    assert search_with_darts(architecture, seed, second=second) == architecture


@pytest.mark.parametrize("seed", range(5))
def test_enas_finds_the_planted_architecture(seed):
    architecture = SPACE.sample(np.random.default_rng(seed))
    assert search_with_enas(architecture, seed) == architecture
