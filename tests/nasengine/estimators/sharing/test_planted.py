"""A planted architecture is found: the network that made the answers is one of the space."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch.nn import functional

from nasengine.estimators.sharing.darts_step import DartsStep
from nasengine.spaces.cell import CellSpace
from nasengine.spaces.cell_config import CellConfig

SHAPE, CLASSES, BATCH = (3, 8, 8), 8, 32
OPERATIONS = ("none", "skip_connect", "avg_pool_3x3", "sep_conv_3x3")
# Two edges in each kind of cell, three operations that may be right on each.
SPACE = CellSpace(CellConfig(cells=3, channels=4, nodes=1, operations=OPERATIONS))
STEPS = 25


def found(architecture, seed, *, second):
    """What DARTS finds on the answers of a network of this architecture.

    The shared network begins with that network's weights, a little off, and learns both.
    """
    torch.manual_seed(seed)
    teacher = SPACE.build(SPACE.shared(), SHAPE, CLASSES)
    network = copy.deepcopy(teacher)
    with torch.no_grad():
        for weight in network.weight_parameters():
            weight.add_(0.02 * weight.abs().mean() * torch.randn_like(weight))
    choices = SPACE.choices(architecture)
    weights = torch.optim.SGD(network.weight_parameters(), 0.01, momentum=0.9, weight_decay=3e-4)
    alphas = torch.optim.Adam(network.architecture_parameters(), 0.1, betas=(0.5, 0.999))
    step = DartsStep(network, weights, alphas, second=second)

    def batch():
        images = torch.randn(BATCH, *SHAPE)
        with torch.no_grad():
            answers = teacher.forward_one(images, choices)
        return lambda: functional.mse_loss(network(images), answers)

    for _ in range(STEPS):
        train = batch()
        step.architecture(batch(), train)
        step.weigh(train)
    values = {name: alpha.detach().tolist() for name, alpha in network.alphas.items()}
    return SPACE.discretised(values)


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_every_edge_ends_with_the_operation_that_was_planted(seed, second):
    architecture = SPACE.sample(np.random.default_rng(seed))
    assert found(architecture, seed, second=second) == architecture
