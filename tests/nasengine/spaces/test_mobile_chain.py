"""Space `mobile-chain`: blocks by hand, sizes of maps, inheritance, and its length."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest
import torch

from nasengine.catalog import load
from nasengine.core.errors import InvalidSettings
from nasengine.core.settings import from_mapping
from nasengine.objectives.macs import Macs
from nasengine.objectives.params import Params
from nasengine.spaces.mobile_chain.network import InvertedResidual
from nasengine.spaces.mobile_chain.space import MobileChainConfig, MobileChainSpace


def space_of(**values):
    return MobileChainSpace(MobileChainConfig(**values))


def test_the_size_is_the_product_of_all_options():
    assert space_of().size() == (3 * 3 * 4 * 3) ** 3 == 1_259_712
    assert space_of(stages=1, widths=(8,)).size() == 27


def test_an_inverted_residual_has_the_parameters_of_its_three_convolutions():
    block = InvertedResidual(inputs=8, outputs=12, kernel=5, expansion=3, stride=2)
    expected = 8 * 24 + 2 * 24 + 24 * 25 + 2 * 24 + 24 * 12 + 2 * 12
    assert sum(p.numel() for p in block.parameters()) == expected


@pytest.mark.parametrize(
    ("outputs", "stride", "residual"), [(8, 1, True), (8, 2, False), (9, 1, False)]
)
def test_the_input_is_added_only_if_the_shapes_are_the_same(outputs, stride, residual):
    torch.manual_seed(0)
    block = InvertedResidual(8, outputs, kernel=3, expansion=2, stride=stride)
    x = torch.randn(4, 8, 7, 7)
    added = block(x, 0.0) - block.layers(x)
    assert added.shape == (4, outputs, -(-7 // stride), -(-7 // stride))
    assert torch.allclose(added, x, atol=1e-6) if residual else not added.any()


def test_drop_path_drops_residual_branches_of_whole_samples():
    torch.manual_seed(0)
    block = InvertedResidual(8, 8, kernel=3, expansion=1, stride=1).eval()
    x = torch.randn(200, 8, 4, 4)
    branch = block(x, 0.5) - x
    dropped = ~branch.flatten(1).any(dim=1)
    assert 60 < dropped.sum() < 140
    assert torch.allclose(branch[~dropped], 2 * block.layers(x)[~dropped], atol=1e-5)


def test_costs_by_hand():
    space = space_of(stages=2, channels=4)
    architecture = space.architecture([[3, 1, 8, 1], [5, 3, 12, 2]])
    space.validate(architecture)
    network = space.build(architecture, (1, 8, 8), 10)
    blocks = [(4, 4, 3, 8, 8), (8, 24, 5, 12, 4), (12, 36, 5, 12, 4)]
    params = 4 * 9 + 2 * 4 + 12 * 10 + 10
    macs = 64 * 4 * 9 + 12 * 10
    for inputs, inner, kernel, outputs, side in blocks:
        params += inputs * inner + inner * kernel**2 + inner * outputs + 4 * inner + 2 * outputs
        before = 8 if (inputs, side) == (8, 4) else side  # the expansion precedes the stride
        macs += before**2 * inputs * inner + side**2 * inner * (kernel**2 + outputs)
    assert Params().measure(network, (1, 8, 8), None).value == params
    assert Macs().measure(network, (1, 8, 8), None).value == macs


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 33, 31), (3, 64, 64)])
def test_the_auxiliary_head_reads_the_input_of_the_last_stage(shape):
    torch.manual_seed(0)
    space = space_of(stages=4)
    network = space.build(space.sample(np.random.default_rng(0)), shape, 5, auxiliary=True)
    seen = []
    network.auxiliary.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape))
    network.train()(torch.randn(2, *shape))
    halvings = network.stem.halvings + 2
    assert seen[0][2:] == tuple(-(-side // 2**halvings) for side in shape[1:])


def test_a_child_inherits_every_block_whose_shape_is_unchanged():
    space = space_of(stages=2)
    parent = space.architecture([[3, 1, 8, 2], [5, 3, 12, 2]])
    child = space.architecture([[3, 1, 8, 2], [7, 3, 12, 1]])
    trained, network = (space.build(one, (1, 8, 8), 5) for one in (parent, child))
    copied = space.inherit(child, network, parent, trained.state_dict())
    depthwise = network.stages[1][0].layers[3].weight
    assert copied == sum(p.numel() for p in network.parameters()) - depthwise.numel()
    first = network.stages[0][1].layers[0].weight
    assert torch.equal(first, trained.stages[0][1].layers[0].weight)


@pytest.mark.parametrize(
    ("values", "setting", "message"),
    [
        ({"kernels": "3,4"}, "kernels", r"must be odd \(got 4\)"),
        ({"widths": ""}, "widths", r"must be one or more different values \(got none\)"),
        ({"depths": "2,2"}, "depths", r"must be one or more different values \(got 2, 2\)"),
    ],
)
def test_wrong_options_are_refused(values, setting, message):
    with pytest.raises(InvalidSettings, match=message) as refused:
        from_mapping(MobileChainConfig, values)
    assert list(refused.value.errors) == [setting]


def test_the_drawing_names_kernel_expansion_width_and_depth():
    space = space_of(stages=1)
    architecture = space.architecture([[5, 6, 24, 3]])
    edge = space.graph(architecture)["cells"][0]["edges"][0]
    assert edge["label"] == "3 x 24, 5x5, expansion 6"
    assert (edge["family"], edge["kernel"]) == ("separable", 5)
    assert space.text(architecture) == "5x6x24x3"


def test_space_and_network_stay_an_example_of_under_120_lines():
    folder = Path(inspect.getfile(load("spaces", "mobile-chain"))).parent
    assert sum(len(path.read_text().splitlines()) for path in folder.glob("*.py")) < 120
