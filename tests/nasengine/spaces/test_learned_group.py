"""Learned group convolutions: pruned in stages, permanently, with the same outputs deployed."""

from __future__ import annotations

import pytest
import torch

from nasengine.core.dataset import Part
from nasengine.core.settings import from_mapping
from nasengine.estimators.training.loop import run_epochs
from nasengine.spaces.chain_condensenet.space import ChainCondenseNetConfig, ChainCondenseNetSpace
from nasengine.spaces.dense_cell.space import DenseCellConfig, DenseCellSpace
from nasengine.spaces.layers.learned_group import GatheredGroupConv, LearnedGroupConv
from tests.fixtures.training import config, job


def reads(layer):
    """Return the numbers of inputs that outputs read."""
    return sorted({int(count) for count in layer.mask.sum(dim=1).flatten()})


def learned(network):
    return [module for module in network.modules() if isinstance(module, LearnedGroupConv)]


def test_inputs_are_dropped_in_stages_during_the_first_half_of_the_training():
    torch.manual_seed(0)
    layer = LearnedGroupConv(16, 8, groups=4, condensation=4)
    kept = []
    for progress in (0.0, 0.16, 0.17, 0.34, 0.5, 0.9, 1.0):
        layer.advance(progress)
        kept += reads(layer)
    assert kept == [16, 16, 12, 8, 4, 4, 4]
    norms = layer.weight.detach().abs().view(4, 2, 16).sum(1)
    best = norms.topk(4, dim=1).indices.sort(dim=1).values
    assert torch.equal(layer.kept_inputs(), best)  # untrained, so all stages have the same order


@pytest.mark.parametrize("inputs", [16, 18, 3])
def test_the_deployed_form_has_the_outputs_of_the_trained_layer(inputs):
    torch.manual_seed(1)
    layer = LearnedGroupConv(inputs, 8, groups=4, condensation=4)
    layer.advance(1.0)
    images = torch.randn(2, inputs, 5, 5)
    deployed = GatheredGroupConv(layer)
    assert torch.allclose(deployed(images), layer(images), atol=1e-5)
    assert deployed.convolution.weight.numel() == 8 * max(inputs // min(4, inputs), 1)


def test_a_deployed_network_has_the_outputs_of_the_trained_one():
    torch.manual_seed(2)
    space = DenseCellSpace(from_mapping(DenseCellConfig, {"stages": 2, "cells": 1}))
    layers = ["bn_relu", "learned_group_1x1", "bn", "conv_3x3", "no_norm", "learned_group_1x1"]
    network = space.build(space.architecture(layers), (1, 8, 8), 3)
    optimiser = torch.optim.SGD(network.parameters(), 0.05)
    images, labels = torch.randn(16, 1, 8, 8), torch.randint(3, (16,))
    for step in range(10):
        network.progress = step / 10
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(network(images), labels).backward()
        optimiser.step()
    network.eval()
    deployed = network.deployed()
    assert torch.allclose(deployed(images), network(images), atol=1e-5)
    assert not any(isinstance(m, LearnedGroupConv) for m in deployed.modules())
    assert sum(p.numel() for p in deployed.parameters()) < sum(
        p.numel() for p in network.parameters()
    )


def test_the_outputs_of_a_group_read_the_same_inputs():
    torch.manual_seed(4)
    layer = LearnedGroupConv(12, 6, groups=3, condensation=4)
    layer.advance(1.0)
    kept = [row.flatten().nonzero().flatten().tolist() for row in layer.mask]
    assert kept == [one for one in layer.kept_inputs().tolist() for _ in range(2)]


def test_inputs_that_a_parent_pruned_stay_pruned_in_its_child():
    torch.manual_seed(5)
    space = ChainCondenseNetSpace(
        from_mapping(ChainCondenseNetConfig, {"stages": "1,2", "growths": "8,16"})
    )
    parent = space.architecture([[1, 8], [1, 8], [1, 8]])
    trained = space.build(parent, (1, 8, 8), 3)
    trained.progress = 1.0
    child = space.architecture([[1, 8], [1, 8], [1, 16]])
    network = space.build(child, (1, 8, 8), 3)
    space.inherit(child, network, parent, trained.state_dict())
    ends = [[16 // 4], [24 // 4], [32 // 4]]
    # The weights of the last block have another shape, so weights and mask are fresh.
    assert [reads(layer) for layer in learned(network)] == [*ends[:2], [32]]
    network.progress = 0.2
    assert [reads(layer) for layer in learned(network)] == [*ends[:2], [24]]
    network.progress = 1.0
    assert [reads(layer) for layer in learned(network)] == ends
    for mine, theirs in zip(learned(network)[:2], learned(trained)[:2], strict=True):
        assert torch.equal(mine.mask, theirs.mask)


def test_the_group_lasso_is_the_sum_of_the_norms_between_groups_and_inputs():
    torch.manual_seed(0)
    layer = LearnedGroupConv(8, 6, groups=2, condensation=4)
    weight = layer.weight.detach()[:, :, 0, 0]
    expected = sum(weight[half, j].norm() for half in (slice(0, 3), slice(3, 6)) for j in range(8))
    assert float(layer.group_lasso().detach()) == pytest.approx(float(expected), rel=1e-6)


def test_the_gradient_of_the_group_lasso_is_the_direction_of_each_group_and_zero_where_pruned():
    torch.manual_seed(0)
    layer = LearnedGroupConv(8, 6, groups=2, condensation=4)
    layer.advance(0.2)  # one of three stages is over
    layer.group_lasso().backward()
    kept = layer.mask[:, :, 0, 0].bool()
    gradient = layer.weight.grad[:, :, 0, 0]
    assert gradient.isfinite().all() and not gradient[~kept].any()
    weight = layer.weight.detach()[:, :, 0, 0]
    directions = torch.cat([half / half.norm(dim=0) for half in weight.chunk(2)])
    assert torch.allclose(gradient[kept], directions[kept], atol=1e-6)
    layer.advance(1.0)
    assert float(layer.group_lasso().detach()) == 0.0


def test_a_training_with_group_lasso_has_smaller_norms_between_groups_and_inputs():
    space = DenseCellSpace(from_mapping(DenseCellConfig, {"stages": 2, "cells": 1}))
    architecture = space.architecture(["bn_relu", "learned_group_1x1"])
    images = Part(torch.randn(32, 1, 8, 8), torch.arange(32) % 3)
    lassos = {}
    for weight in (0.0, 0.1):
        torch.manual_seed(0)
        network = space.build(architecture, (1, 8, 8), 3)
        settings = config(epochs=2, batch_size=8, group_lasso=weight, learning_rate=0.1)
        list(run_epochs(job(network, settings, train=images, valid=images)))
        lassos[weight] = sum(
            float(half.norm(dim=0).sum())
            for layer in learned(network)
            for half in layer.weight.detach()[:, :, 0, 0].chunk(layer.groups)
        )
    assert lassos[0.1] < 0.9 * lassos[0.0]
