"""Chains and dense cells: exact sizes, the published CondenseNets, growth and inheritance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nasengine.core.errors import InvalidSettings
from nasengine.core.settings import from_mapping
from nasengine.objectives.macs import Macs
from nasengine.objectives.params import Params
from nasengine.spaces.chain_alexnet.network import final_pool
from nasengine.spaces.chain_alexnet.space import ChainAlexNetConfig, ChainAlexNetSpace
from nasengine.spaces.chain_condensenet.space import ChainCondenseNetConfig, ChainCondenseNetSpace
from nasengine.spaces.common.deployment import as_deployed
from nasengine.spaces.dense_cell.space import DenseCellConfig, DenseCellSpace


def dense(**settings):
    return DenseCellSpace(from_mapping(DenseCellConfig, settings))


def costs(network, shape):
    network = as_deployed(network)
    return [one.measure(network, shape, None).value for one in (Params(), Macs())]


def test_costs_of_an_alexnet_by_hand():
    space = ChainAlexNetSpace(from_mapping(ChainAlexNetConfig, {"layers": 2, "hidden": 10}))
    network = space.build(space.architecture([[8, 3], [16, 5]]), (1, 8, 8), 3)
    convolutions = (9 * 8 + 8) + 2 * 8 + (25 * 8 * 16 + 16) + 2 * 16
    connected = (64 * 10 + 10) + (10 * 3 + 3)
    macs = 64 * 9 * 8 + 16 * 25 * 8 * 16 + 640 + 30
    assert costs(network, (1, 8, 8)) == [convolutions + connected, macs]


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32), (3, 64, 64), (1, 5, 7)])
def test_an_alexnet_takes_images_of_any_size(shape):
    space = ChainAlexNetSpace(ChainAlexNetConfig())
    network = space.build(space.sample(np.random.default_rng(0)), shape, 4).eval()
    assert network(torch.randn(2, *shape)).shape == (2, 4)


def test_even_kernels_duplicates_and_indivisible_growths_are_refused():
    with pytest.raises(InvalidSettings, match=r"kernels: must be odd \(got 4\)"):
        from_mapping(ChainAlexNetConfig, {"kernels": "3,4"})
    with pytest.raises(InvalidSettings, match="must be one or more different values"):
        from_mapping(ChainAlexNetConfig, {"filters": "8,8"})
    with pytest.raises(InvalidSettings, match=r"must be multiples of groups, which is 4 \(got 6\)"):
        from_mapping(ChainCondenseNetConfig, {"growths": "4,6"})


@pytest.mark.parametrize("size", [(2, 2), (3, 5), (4, 4), (7, 8), (1, 6)])
def test_the_final_pool_equals_an_adaptive_pool(size):
    images = torch.randn(2, 3, *size)
    expected = torch.nn.functional.adaptive_avg_pool2d(images, [min(2, side) for side in size])
    assert torch.allclose(final_pool(*size)(images), expected, atol=1e-6)


# Layers in each block, then millions of parameters and operations in the table of CondenseNet.
PUBLISHED = [
    (8, "0.22", "28.6"),
    (12, "0.41", "51.9"),
    (14, "0.52", "65.8"),
    (16, "0.65", "81.3"),
    (18, "0.79", "98.2"),
    (20, "0.95", "116.7"),
]


@pytest.mark.parametrize(("stage", "published_params", "published_macs"), PUBLISHED)
def test_condensenets_have_their_published_sizes(stage, published_params, published_macs):
    space = ChainCondenseNetSpace(from_mapping(ChainCondenseNetConfig, {"stages": str(stage)}))
    architecture = space.architecture([[stage, 8], [stage, 16], [stage, 32]])
    network = space.build(architecture, (3, 32, 32), 10)
    params, macs = costs(network, (3, 32, 32))
    assert f"{params / 1e6:.2f}" == published_params
    assert f"{(macs + extra_operations(network)) / 1e6:.1f}" == published_macs


def extra_operations(network):
    """Return what the table of CondenseNet adds: one operation per input of ReLUs and pools."""
    counted = []

    def count(module, given, answer):
        counted.append(given[0].numel())

    network = as_deployed(network).eval()
    for module in network.modules():
        if isinstance(module, (torch.nn.ReLU, torch.nn.AvgPool2d, torch.nn.AdaptiveAvgPool2d)):
            module.register_forward_hook(count)
    with torch.no_grad():
        network(torch.randn(1, 3, 32, 32))
    return sum(counted)


def test_costs_of_condensenet_86():
    space = ChainCondenseNetSpace(ChainCondenseNetConfig())
    architecture = space.architecture([[14, 8], [14, 16], [14, 32]])
    network = space.build(architecture, (3, 32, 32), 10)
    assert costs(network, (3, 32, 32)) == [520_202, 62_381_888]
    assert extra_operations(network) == 3_162_112 + 272_384


def test_condensenets_are_enumerated_in_order():
    settings = {"blocks": 2, "stages": "1,2", "growths": "4,8"}
    space = ChainCondenseNetSpace(from_mapping(ChainCondenseNetConfig, settings))
    everything = [space.text(one) for one in space.enumerate()]
    assert everything[:3] + everything[-1:] == ["1x4 1x4", "1x4 1x8", "1x4 2x4", "2x8 2x8"]
    assert len(everything) == space.size() == 16


def test_costs_of_a_dense_cell_by_hand():
    space = dense(stages=1, cells=1, channels=4, groups=4)
    architecture = space.architecture(["bn_relu", "conv_3x3", "bn", "group_1x1", "bn"])
    # stem 1 to 8; 3x3 of 8 to 4; 1x1 in 4 groups of 12 to 4; norms of 8, 12, 16, and the head's.
    expected = 9 * 8 + 9 * 8 * 4 + 12 * 4 // 4 + 2 * (8 + 12 + 16) + 2 * 16 + 16 * 2 + 2
    macs = 16 * (9 * 8 + 9 * 8 * 4 + 12) + 32
    assert costs(space.build(architecture, (1, 4, 4), 2), (1, 4, 4)) == [expected, macs]


def test_costs_of_a_dense_cell_in_two_stages_by_hand():
    space = dense(stages=2, cells=1, channels=8, groups=4, condensation=4)
    layers = ["bn", "learned_group_1x1", "bn_relu", "depthwise_3x3", "no_norm", "group_3x3"]
    network = space.build(space.architecture(layers), (1, 4, 4), 2)

    def cell(inputs, growth):
        """Return the weights of the convolutions and the parameters of the two norms."""
        learned = growth * (inputs // 4)
        depthwise = 9 * (inputs + growth) + (inputs + growth) * growth
        grouped = 9 * (inputs + 2 * growth) * growth // 4
        return learned + depthwise + grouped, 2 * inputs + 2 * (inputs + growth)

    (first, first_norms), (second, second_norms) = cell(16, 8), cell(40, 16)
    ends = 9 * 16 + 2 * 88 + 88 * 2 + 2
    params = ends + first + first_norms + second + second_norms
    macs = 16 * (9 * 16 + first) + 4 * second + 88 * 2
    assert costs(network, (1, 4, 4)) == [params, macs]


def test_growth_has_the_numbers_of_children_of_the_paper():
    space = dense(layers=4)
    smallest = list(space.smallest())
    assert len(smallest) == 18
    assert [len(list(space.grow(one))) for one in smallest] == [3] * 18
    longer = next(space.grow(smallest[0]))
    assert len(list(space.grow(longer))) == 6
    full = space.architecture(["bn", "conv_1x1", "bn", "conv_3x3"])
    assert list(space.grow(full)) == []
    assert space.size() == 18 + 18 * 3 + 18 * 18


def test_a_dense_child_inherits_the_layers_that_both_have():
    torch.manual_seed(3)
    space = dense(stages=2, cells=1, layers=6)
    parent = space.architecture(["bn_relu", "conv_3x3", "bn", "conv_1x1"])
    child = space.architecture(["bn_relu", "conv_3x3", "bn", "conv_1x1", "bn"])
    trained = space.build(parent, (1, 8, 8), 3)
    network = space.build(child, (1, 8, 8), 3)
    copied = space.inherit(child, network, parent, trained.state_dict())
    new = sum(p.numel() for n, p in network.named_parameters() if ".norms.2." in n)
    assert new > 0
    assert copied == sum(p.numel() for p in network.parameters()) - new
