"""Chains and dense cells: exact sizes, growth, and learned groups that answer alike in use."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nasengine.core.errors import InvalidSettings
from nasengine.core.settings import from_mapping
from nasengine.objectives.macs import Macs
from nasengine.objectives.params import Params
from nasengine.spaces.chain_alexnet import ChainAlexNetConfig, ChainAlexNetSpace
from nasengine.spaces.chain_condensenet import ChainCondenseNetConfig, ChainCondenseNetSpace
from nasengine.spaces.dense_cell import DenseCellConfig, DenseCellSpace
from nasengine.spaces.deployment import as_deployed
from nasengine.spaces.layers.learned_group import GatheredGroupConv, LearnedGroupConv


def dense(**settings):
    return DenseCellSpace(from_mapping(DenseCellConfig, settings))


def costs(network, shape):
    network = as_deployed(network)
    return [one.measure(network, shape, None).value for one in (Params(), Macs())]


def test_alexnet_to_the_digit():
    space = ChainAlexNetSpace(from_mapping(ChainAlexNetConfig, {"layers": 2, "hidden": 10}))
    network = space.build(space.architecture([[8, 3], [16, 5]]), (1, 8, 8), 3)
    convolutions = (9 * 8 + 8) + 2 * 8 + (25 * 8 * 16 + 16) + 2 * 16
    connected = (64 * 10 + 10) + (10 * 3 + 3)
    macs = 64 * 9 * 8 + 16 * 25 * 8 * 16 + 640 + 30
    assert costs(network, (1, 8, 8)) == [convolutions + connected, macs]


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32), (3, 64, 64), (1, 5, 7)])
def test_alexnet_takes_any_size(shape):
    space = ChainAlexNetSpace(ChainAlexNetConfig())
    network = space.build(space.sample(np.random.default_rng(0)), shape, 4).eval()
    assert network(torch.randn(2, *shape)).shape == (2, 4)


def test_even_kernels_and_growths_that_do_not_split_are_refused():
    with pytest.raises(InvalidSettings, match="4 is even"):
        from_mapping(ChainAlexNetConfig, {"kernels": "3,4"})
    with pytest.raises(InvalidSettings, match="name values, each once"):
        from_mapping(ChainAlexNetConfig, {"filters": "8,8"})
    with pytest.raises(InvalidSettings, match="6 does not split into 4 groups"):
        from_mapping(ChainCondenseNetConfig, {"growths": "4,6"})


def test_condensenet_86_has_the_published_parameters():
    space = ChainCondenseNetSpace(ChainCondenseNetConfig())
    architecture = space.architecture([[14, 8], [14, 16], [14, 32]])
    params, macs = costs(space.build(architecture, (3, 32, 32), 10), (3, 32, 32))
    assert params == 520_202
    assert macs == 62_381_888


def test_a_dense_cell_to_the_digit():
    space = dense(stages=1, cells=1, channels=4, groups=4)
    architecture = space.architecture(["bn_relu", "conv_3x3", "bn", "group_1x1", "bn"])
    # stem 1 to 8; 3x3 of 8 to 4; 1x1 in 4 groups of 12 to 4; norms of 8, 12, 16, and the head's.
    expected = 9 * 8 + 9 * 8 * 4 + 12 * 4 // 4 + 2 * (8 + 12 + 16) + 2 * 16 + 16 * 2 + 2
    macs = 16 * (9 * 8 + 9 * 8 * 4 + 12) + 32
    assert costs(space.build(architecture, (1, 4, 4), 2), (1, 4, 4)) == [expected, macs]


def test_growth_is_the_papers():
    space = dense(layers=4)
    smallest = list(space.smallest())
    assert len(smallest) == 18
    assert [len(list(space.grown(one))) for one in smallest] == [3] * 18
    longer = next(space.grown(smallest[0]))
    assert len(list(space.grown(longer))) == 6
    full = space.architecture(["bn", "conv_1x1", "bn", "conv_3x3"])
    assert list(space.grown(full)) == []
    assert space.size() == 18 + 18 * 3 + 18 * 18


def test_a_learned_group_gives_up_inputs_stage_by_stage_and_then_stays():
    torch.manual_seed(0)
    layer = LearnedGroupConv(16, 8, groups=4, condensation=4)
    kept = []
    for progress in (0.0, 0.16, 0.17, 0.34, 0.5, 0.9, 1.0):
        layer.advance(progress)
        kept.append(int(layer.mask.sum(dim=1)[0]))
    assert kept == [16, 16, 12, 8, 4, 4, 4]
    norms = layer.weight.detach().abs().view(4, 2, 16).sum(1)
    best = norms.topk(4, dim=1).indices.sort(dim=1).values
    assert torch.equal(layer.kept_inputs(), best)  # untrained, so all stages rank alike


@pytest.mark.parametrize("inputs", [16, 18, 3])
def test_in_use_a_learned_group_answers_as_it_was_trained(inputs):
    torch.manual_seed(1)
    layer = LearnedGroupConv(inputs, 8, groups=4, condensation=4)
    layer.advance(1.0)
    images = torch.randn(2, inputs, 5, 5)
    used = GatheredGroupConv(layer)
    assert torch.allclose(used(images), layer(images), atol=1e-5)
    assert used.convolution.weight.numel() == 8 * max(inputs // min(4, inputs), 1)


def test_a_trained_network_answers_alike_when_deployed():
    torch.manual_seed(2)
    space = dense(stages=2, cells=1)
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
    used = network.deployed()
    assert torch.allclose(used(images), network(images), atol=1e-5)
    assert not any(isinstance(m, LearnedGroupConv) for m in used.modules())
    assert sum(p.numel() for p in used.parameters()) < sum(p.numel() for p in network.parameters())


def test_a_dense_child_takes_over_the_layers_it_shares():
    torch.manual_seed(3)
    space = dense(stages=2, cells=1, layers=6)
    parent = space.architecture(["bn_relu", "conv_3x3", "bn", "conv_1x1"])
    child = space.architecture(["bn_relu", "conv_3x3", "bn", "conv_1x1", "bn"])
    trained = space.build(parent, (1, 8, 8), 3)
    network = space.build(child, (1, 8, 8), 3)
    taken = space.inherit(child, network, parent, trained.state_dict())
    new = sum(p.numel() for n, p in network.named_parameters() if ".norms.2." in n)
    assert new > 0
    assert taken == sum(p.numel() for p in network.parameters()) - new
