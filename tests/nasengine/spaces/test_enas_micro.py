"""Space `enas-micro`: the published cell, counts by hand, one architecture in the supernet."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional

from nasengine.catalog import load
from nasengine.core.errors import InvalidArchitecture, InvalidSettings
from nasengine.core.settings import from_mapping
from nasengine.objectives.macs import Macs
from nasengine.spaces.enas_micro.config import ENAS_OPERATIONS, EnasMicroConfig
from nasengine.spaces.enas_micro.space import EnasMicroSpace
from tests.fixtures.spaces import check_graph

SEP3, SEP5, AVG, MAX, SKIP = ENAS_OPERATIONS


def space_of(**settings):
    return EnasMicroSpace(from_mapping(EnasMicroConfig, settings))


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def published_cells():
    genome = load("networks", "ENAS").genome
    return {name: one["nodes"] for name, one in genome.items()}


def test_the_published_cell_gives_the_published_network():
    space = space_of(cells=20, channels=36)
    ours = space.architecture(published_cells())
    space.validate(ours)
    with torch.device("meta"):
        network = space.build(ours, (3, 32, 32), 10)
    assert parameters(network) == 4_394_710
    assert Macs().measure(network, (3, 32, 32), None).value == 693_197_856
    there = load("spaces", "cell")
    published = load("networks", "ENAS")
    with torch.device("meta"):
        theirs = there(from_mapping(there.Config, published.config)).build(
            published, (3, 32, 32), 10
        )
    assert [p.shape for p in network.parameters()] == [p.shape for p in theirs.parameters()]


def small():
    return space_of(nodes=1, cells=3, channels=4, operations=[SEP3, SKIP])


def test_parameters_by_hand():
    """One block, three cells of 4, 8 and 16 channels; the last two reduce."""
    space = small()
    block = [[[SEP3, 0], [SKIP, 1]]]
    network = space.build(space.architecture({"normal": block, "reduce": block}), (1, 8, 8), 5)
    stem = 9 * 12 + 24
    normal = 2 * (12 * 4 + 8) + 2 * (4 * 9 + 4 * 4 + 8)
    first = (12 * 8 + 16) + (4 * 8 + 16) + 2 * (8 * 9 + 8 * 8 + 16) + (8 * 8 + 16)
    second = (4 * 16 + 32) + (8 * 16 + 32) + 2 * (16 * 9 + 16 * 16 + 32) + (16 * 16 + 32)
    assert parameters(network) == stem + normal + first + second + 16 * 5 + 5


def test_parameters_of_the_supernet_by_hand():
    """Twice the operations, no scale and shift in cells, and a 1x1 convolution for the block."""
    space = small()
    network = space.build(space.supernet(), (1, 8, 8), 5)
    stem = 9 * 12 + 24
    normal = 2 * 12 * 4 + 2 * 2 * (4 * 9 + 4 * 4) + 4 * 4
    first = 12 * 8 + 4 * 8 + 2 * (2 * (8 * 9 + 8 * 8) + 8 * 8) + 8 * 8
    second = 4 * 16 + 8 * 16 + 2 * (2 * (16 * 9 + 16 * 16) + 16 * 16) + 16 * 16
    assert parameters(network) == stem + normal + first + second + 16 * 5 + 5
    assert network.architecture_parameters() == []
    assert sum(p.numel() for p in network.weight_parameters()) == parameters(network)
    assert not list(network.buffers())


def reference_cell(cell, older, newer, blocks):
    """Run a normal cell with torch's own functions, one operation after the other."""
    channels = cell.squeeze.shape[1]

    def norm(x):
        return functional.batch_norm(x, None, None, training=True)

    def operate(op, x, source, target):
        fan = cell.graph.fans[source]
        edge = list(cell.graph.targets(source)).index(target)
        if op == SKIP:
            return x
        if op == MAX:
            return norm(functional.max_pool2d(x, 3, 1, 1))
        if op == AVG:
            return norm(functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False))
        one = fan.operations[op]
        for deep, flat in ((one.depthwise, one.pointwise),
                           (one.depthwise_again, one.pointwise_again)):  # fmt: skip
            rows = slice(edge * channels, (edge + 1) * channels)
            padding = deep.shape[-1] // 2
            x = functional.conv2d(x.relu(), deep[rows], padding=padding, groups=channels)
            x = norm(functional.conv2d(x, flat[rows]))
        return x

    states = [cell.older(older), cell.newer(newer)]
    for target, parts in enumerate(blocks, start=2):
        states.append(sum(operate(op, states[source], source, target) for op, source in parts))
    read = {source for parts in blocks for _, source in parts}
    ends = [index for index in range(2, len(states)) if index not in read]
    terms = [functional.conv2d(states[end].relu(), cell.squeeze[end - 2]) for end in ends]
    return norm(sum(terms)), len(ends)


def test_one_architecture_is_its_own_operations_and_unread_blocks():
    torch.manual_seed(0)
    space, rng = space_of(nodes=4, cells=3, channels=4), np.random.default_rng(0)
    network = space.build(space.supernet(), (3, 8, 8), 5).double()
    cell = network.cells[0]
    older, newer = torch.randn(2, 4, 12, 8, 8, dtype=torch.float64)
    seen = set()
    for _ in range(30):
        blocks = space.sample(rng).genome["normal"]
        with torch.no_grad():
            expected, ends = reference_cell(cell, older, newer, blocks)
            assert torch.allclose(cell.run_blocks(older, newer, blocks), expected, atol=1e-10)
        seen.add(ends)
    assert len(seen) >= 3  # the output has the same shape for any number of unread blocks


def test_any_choices_run_and_the_order_of_parts_does_not_matter():
    torch.manual_seed(1)
    space, rng = space_of(cells=3, channels=4), np.random.default_rng(1)
    network = space.build(space.supernet(), (1, 9, 7), 5).double()
    images = torch.randn(4, 1, 9, 7, dtype=torch.float64)
    for _ in range(5):
        choices = [int(rng.integers(len(one.options))) for one in space.decisions()]
        turned = [one for b in range(0, len(choices), 4) for one in
                  (*choices[b + 2 : b + 4], *choices[b : b + 2])]  # fmt: skip
        with torch.no_grad():
            first, second = (network.forward_architecture(images, row) for row in (choices, turned))
        assert first.shape == (4, 5)
        assert torch.allclose(first, second, atol=1e-10)
        same = space.choices(space.from_choices(choices))
        assert torch.allclose(first, network.forward_architecture(images, same), atol=1e-10)


def test_one_architecture_gives_gradients_only_to_what_it_uses():
    torch.manual_seed(2)
    space = space_of(nodes=2, cells=3, channels=4)
    network = space.build(space.supernet(), (1, 8, 8), 5)
    blocks = [[[SEP3, 0], [SKIP, 0]], [[AVG, 1], [MAX, 1]]]
    chosen = space.choices(space.architecture({"normal": blocks, "reduce": blocks}))
    network.forward_architecture(torch.randn(4, 1, 8, 8), chosen).square().sum().backward()
    given = {name for name, p in network.named_parameters() if p.grad is not None}
    inside = {name.split(".operations.")[1].split(".")[0] for name in given if ".fans." in name}
    assert inside == {SEP3, SKIP}  # identity has weights at stride 2
    grad = network.cells[0].graph.fans[0].operations[SEP3].depthwise.grad.chunk(2)
    assert [bool(part.any()) for part in grad] == [True, False]


def test_the_supernet_costs_several_times_an_architecture():
    space = space_of(cells=3, channels=4)
    network = space.build(space.supernet(), (1, 8, 8), 5)
    assert network(torch.randn(2, 1, 8, 8)).shape == (2, 5)
    whole = Macs().measure(network, (1, 8, 8), None).value
    single = space.build(space.architecture(published_cells()), (1, 8, 8), 5)
    assert whole > 3 * Macs().measure(single, (1, 8, 8), None).value


def test_the_supernet_is_an_architecture():
    space = space_of()
    supernet = space.supernet()
    space.validate(supernet)
    check_graph(space.graph(supernet))
    assert space.text(supernet) == "supernet"
    assert "relaxed" not in space.capabilities
    with pytest.raises(InvalidArchitecture, match=r"must be .*in this space"):
        space.validate(type(supernet)(space.name, {}, {"shared": True, "partial": 2}))


def test_the_size_counts_different_genomes():
    space = space_of(nodes=1, operations=[SEP3, AVG])
    assert space.size() == 10**2
    rng = np.random.default_rng(0)
    assert len({space.sample(rng) for _ in range(2000)}) == 100
    sequences = itertools.product(*(range(len(one.options)) for one in space.decisions()))
    assert len({space.from_choices(row) for row in sequences}) == 100


def test_wrong_settings_and_genomes_are_refused():
    with pytest.raises(InvalidSettings, match="at least two"):
        space_of(operations=[SEP3])
    space = space_of(nodes=1)
    with pytest.raises(InvalidArchitecture, match="block 2 of cell reduce has the input 2"):
        space.validate(
            space.architecture(
                {"normal": [[[SEP3, 0], [SEP3, 1]]], "reduce": [[[SEP3, 2], [SEP3, 0]]]}
            )
        )


def test_a_child_inherits_everything_except_the_changed_part():
    torch.manual_seed(0)
    space = space_of(cells=3, channels=4)
    cells = published_cells()
    parent = space.architecture(cells)
    cells["normal"] = [*cells["normal"][:4], [[AVG, 0], [SEP3, 1]]]  # sep5 on 1 became sep3
    child = space.architecture(cells)
    trained, network = (space.build(one, (1, 8, 8), 3) for one in (parent, child))
    copied = space.inherit(child, network, parent, trained.state_dict())
    lost = sum(p.numel() for name, p in network.named_parameters()
               if name.startswith("cells.0.operations.6.1."))  # fmt: skip
    assert lost > 0
    assert copied == parameters(network) - lost
