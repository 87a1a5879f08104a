"""Weights that a child inherits from its parent's trained network, counted exactly."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch

from nasengine.core.settings import from_mapping
from nasengine.spaces.cell.space import CellSpace
from nasengine.spaces.common.inheritance import copy_weights
from nasengine.spaces.nb201.genome import EDGES, parse
from nasengine.spaces.nb201.space import NB201Config, NB201Space

SHAPE, CLASSES = (1, 8, 8), 10
NB201 = NB201Space(NB201Config(cells=2, channels=4))
CELL = CellSpace(from_mapping(CellSpace.Config, {"cells": 3, "channels": 4, "nodes": 3}))
OPS = ("nor_conv_3x3", "nor_conv_1x1", "skip_connect", "none", "nor_conv_3x3", "avg_pool_3x3")


def built(space, architecture, seed, auxiliary=False):
    torch.manual_seed(seed)
    return space.build(architecture, SHAPE, CLASSES, auxiliary=auxiliary)


def trained(space, architecture, seed=1, auxiliary=False):
    """Build a network whose running statistics differ from those of a fresh one."""
    network = built(space, architecture, seed, auxiliary)
    network.train()
    for _ in range(3):
        network(torch.randn(6, *SHAPE))
    return network


def inherited(space, child, parent, seed=2):
    """Return a child's network, the number of copied parameters, and the parent's network."""
    before = trained(space, parent)
    network = built(space, child, seed)
    copied = space.inherit(child, network, parent, before.state_dict())
    return network, copied, before


def count(network):
    return sum(p.numel() for p in network.parameters())


def answers(network):
    network.eval()
    with torch.no_grad():
        return network(torch.randn(5, *SHAPE, generator=torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("auxiliary", [False, True])
@pytest.mark.parametrize("space", [NB201, CELL])
def test_an_identical_child_has_exactly_the_outputs_of_its_trained_parent(space, auxiliary):
    one = space.sample(np.random.default_rng(3))
    before = trained(space, one, auxiliary=auxiliary)
    child = built(space, one, 2, auxiliary)
    assert not torch.equal(answers(child), answers(before))
    assert space.inherit(one, child, one, before.state_dict()) == count(child)
    assert torch.equal(answers(child), answers(before))
    for name, tensor in before.state_dict().items():
        assert torch.equal(child.state_dict()[name], tensor), name


@pytest.mark.parametrize("edge", range(len(EDGES)))
@pytest.mark.parametrize("op", ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3"])
def test_a_changed_edge_of_nb201_loses_only_its_own_parameters(edge, op):
    parent = NB201.architecture(OPS)
    child = NB201.architecture([*OPS[:edge], op, *OPS[edge + 1 :]])
    network, copied, before = inherited(NB201, child, parent)
    # Convolution without bias, BN with scale and shift; two cells in each of three stages.
    kernel = {"nor_conv_1x1": 1, "nor_conv_3x3": 9}.get(op, 0)
    own = sum(2 * (kernel * c * c + 2 * c) for c in (4, 8, 16)) if kernel else 0
    changed = op != OPS[edge]
    assert copied == count(network) - (own if changed else 0)
    assert torch.equal(network.stem[1].running_var, before.stem[1].running_var)
    assert network.stem[1].num_batches_tracked == 3
    assert torch.equal(network.reductions[1].shortcut[1].weight,
                       before.reductions[1].shortcut[1].weight)  # fmt: skip
    assert torch.equal(network.classifier.bias, before.classifier.bias)


def test_edges_after_a_new_none_are_matched_by_their_position_in_the_cell():
    parent = NB201.architecture(OPS)
    child = NB201.architecture(["none", *OPS[1:]])
    network, _, before = inherited(NB201, child, parent)
    old, new = before.stages[2][1].operations, network.stages[2][1].operations
    assert (len(old), len(new)) == (5, 4)
    assert torch.equal(new[0][1].weight, old[1][1].weight)
    assert torch.equal(new[2][1].weight, old[3][1].weight)
    assert torch.equal(new[2][2].running_mean, old[3][2].running_mean)


def changed(architecture, cell, node, pairs):
    genome = copy.deepcopy(architecture.genome)
    genome[cell]["nodes"][node - 2] = pairs
    child = CELL.architecture(genome)
    CELL.validate(child)
    return child


def parent_cell():
    """Return cells whose nodes read both inputs by a separable and a dilated convolution."""
    pairs = [["sep_conv_3x3", 0], ["dil_conv_5x5", 1]]
    one = {"nodes": [pairs] * 3, "concat": [2, 3, 4]}
    return CELL.architecture(json.loads(json.dumps({"normal": one, "reduce": one})))


SEPARABLE = {c: 2 * (9 * c + c * c + 2 * c) for c in (4, 8, 16)}  # parameters of sep_conv_3x3


@pytest.mark.parametrize(
    ("cell", "lost"),
    # Three cells: the first is normal at 4 channels, the others reduce to 8 and 16.
    [("normal", SEPARABLE[4]), ("reduce", SEPARABLE[8] + SEPARABLE[16])],
)
def test_a_new_operation_or_input_of_a_cell_keeps_its_fresh_weights(cell, lost):
    parent = parent_cell()
    before = parent.genome[cell]["nodes"][1][1]
    for pairs in (
        [["sep_conv_3x3", 1], before],  # another input; both pairs now read the same one
        [before, ["sep_conv_3x3", 2]],  # another input and another position
    ):
        child = changed(parent, cell, 3, sorted(pairs, key=lambda pair: (pair[1], pair[0])))
        network, copied, _ = inherited(CELL, child, parent)
        assert copied == count(network) - lost
    pooled = changed(parent, cell, 3, [["max_pool_3x3", 0], before])
    network, copied, _ = inherited(CELL, pooled, parent)
    assert copied == count(network)
    network, copied, _ = inherited(CELL, parent, pooled)
    assert copied == count(network) - lost


def test_a_pair_that_moves_within_its_node_keeps_its_weights():
    parent = parent_cell()
    child = changed(parent, "normal", 4, [["dil_conv_5x5", 1], ["sep_conv_3x3", 3]])
    network, _, before = inherited(CELL, child, parent)
    old, new = before.cells[0].operations["4"], network.cells[0].operations["4"]
    assert torch.equal(new[0][1].weight, old[1][1].weight)
    assert torch.equal(new[0][3].running_var, old[1][3].running_var)
    assert not torch.equal(new[1][1].weight, old[0][1].weight)


def test_a_pair_that_occurs_twice_inherits_as_often_as_the_parent_has_it():
    twice = [["sep_conv_3x3", 0], ["sep_conv_3x3", 0]]
    parent = changed(parent_cell(), "normal", 2, twice)
    network, copied, _ = inherited(CELL, parent, parent)
    assert copied == count(network)
    network, copied, _ = inherited(CELL, parent, parent_cell())
    assert copied == count(network) - SEPARABLE[4]


def test_a_node_that_was_not_built_has_no_weights_to_inherit():
    genome = copy.deepcopy(parent_cell().genome)
    genome["normal"]["concat"] = [3, 4]  # no other node reads node 2
    dead = CELL.architecture(genome)
    network, copied, _ = inherited(CELL, parent_cell(), dead)
    dilated = 25 * 4 + 4 * 4 + 2 * 4
    # Both later cells read the first cell's output, which had 8 channels and now has 12: their
    # 1x1 convolutions do not fit, but the BN after them does.
    reading = 12 * 8 + 12 * 16
    assert copied == count(network) - SEPARABLE[4] - dilated - reading


def test_tensors_are_matched_by_name_and_shape():
    parent, child = torch.nn.Linear(3, 2), torch.nn.Linear(3, 4)
    assert copy_weights(child, parent.state_dict()) == 0
    twin = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    given = {f"0.{name}": tensor for name, tensor in parent.state_dict().items()}
    given["1.running_mean"] = torch.ones(2)
    assert copy_weights(twin, given) == 8
    assert torch.equal(twin[0].weight, parent.weight)
    assert twin[1].running_mean.tolist() == [1.0, 1.0]
    assert copy_weights(twin, given, lambda name: None) == 0
    assert copy_weights(twin, {"x": torch.zeros(2)}, lambda name: "x") == 6  # bias, scale, shift


def test_every_mutant_inherits_a_part_and_has_finite_outputs():
    rng = np.random.default_rng(5)
    for space in (NB201, CELL):
        parent = space.sample(rng)
        for _ in range(10):
            child = space.mutate(parent, rng)
            network, copied, _ = inherited(space, child, parent)
            assert 0 < copied <= count(network)
            assert torch.isfinite(answers(network)).all()
            parent = child
    assert parse(NB201.architecture(OPS).genome) == OPS
