"""Space `block-cell`: RENASNet, its size, and weight inheritance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nasengine.catalog import load
from nasengine.core.errors import InvalidArchitecture, InvalidSettings
from nasengine.core.settings import from_mapping
from nasengine.spaces.block_cell.config import RENAS_OPERATIONS, BlockCellConfig
from nasengine.spaces.block_cell.space import BlockCellSpace

SEP3, SEP5, AVG, SKIP = "sep_conv_3x3", "sep_conv_5x5", "avg_pool_3x3", "skip_connect"
RENASNET = [
    [[SEP5, 0], [SEP3, 1]],
    [[SKIP, 1], [SEP3, 1]],
    [[SEP3, 0], [AVG, 0]],
    [[SEP5, 1], [SEP3, 0]],
    [[SKIP, 2], [SEP3, 2]],
]


def space_of(**settings):
    return BlockCellSpace(from_mapping(BlockCellConfig, settings))


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def test_renasnet_gives_the_published_network():
    space = space_of(cells=8, channels=12)
    ours = space.build(space.architecture(RENASNET), (3, 32, 32), 10)
    published = load("networks", "RENASNet")
    home = load("spaces", published.space)
    theirs = home.resized(published, cells=8, channels=12)
    there = home(from_mapping(home.Config, theirs.config)).build(theirs, (3, 32, 32), 10)
    assert parameters(ours) == parameters(there)
    assert [p.shape for p in ours.parameters()] == [p.shape for p in there.parameters()]


def test_the_order_within_a_block_does_not_matter():
    space = space_of()
    turned = [[second, first] for first, second in RENASNET]
    assert space.architecture(turned) == space.architecture(RENASNET)


def test_the_size_counts_different_genomes():
    space = space_of(blocks=1, operations=[SEP3, AVG])
    assert space.size() == 10  # 4 parts, two of them with repetition and without order
    rng = np.random.default_rng(0)
    assert len({space.sample(rng) for _ in range(500)}) == 10


def test_fewer_than_two_operations_are_refused():
    with pytest.raises(InvalidSettings, match="at least two"):
        space_of(operations=[SEP3])
    assert len(RENAS_OPERATIONS) == 8


def test_a_block_that_reads_itself_is_refused():
    space = space_of(blocks=1)
    with pytest.raises(InvalidArchitecture, match="it must be 0 to 1"):
        space.validate(space.architecture([[[SEP3, 2], [SEP3, 0]]]))


def test_without_join_input_normal_cells_join_only_blocks():
    spaces = space_of(), space_of(join_input=False)
    draw = [s.graph(s.architecture(RENASNET))["cells"][0] for s in spaces]
    ends = [[e["source"] for e in cell["edges"] if e["target"] == "k"] for cell in draw]
    assert ends == [["k-2", "3", "4", "5", "6"], ["3", "4", "5", "6"]]


def test_a_child_inherits_everything_except_the_changed_part():
    torch.manual_seed(0)
    space = space_of(cells=3, channels=4)
    parent = space.architecture(RENASNET)
    changed = [*RENASNET[:3], [[SEP3, 0], [SEP3, 1]], RENASNET[4]]  # sep5 on 1 became sep3
    child = space.architecture(changed)
    trained = space.build(parent, (1, 8, 8), 3)
    network = space.build(child, (1, 8, 8), 3)
    copied = space.inherit(child, network, parent, trained.state_dict())
    lost = sum(
        p.numel()
        for name, p in network.named_parameters()
        if ".operations.5.1." in name  # the part that reads input 1 in block 5
    )
    assert lost > 0
    assert copied == parameters(network) - lost
    same = space.build(parent, (1, 8, 8), 3)
    assert space.inherit(parent, same, parent, trained.state_dict()) == parameters(same)
    images = torch.randn(2, 1, 8, 8)
    assert torch.equal(same.eval()(images), trained.eval()(images))
