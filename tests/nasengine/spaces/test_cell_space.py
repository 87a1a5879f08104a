"""Space `cell`: sampling, moves and rules."""

from __future__ import annotations

import copy
import math
from collections import Counter

import numpy as np
import pytest

from nasengine.catalog import load
from nasengine.core.architecture import Architecture
from nasengine.core.errors import InvalidArchitecture, InvalidSettings
from nasengine.core.settings import from_mapping
from nasengine.spaces.cell.config import CellConfig
from nasengine.spaces.cell.space import CellSpace
from nasengine.spaces.common.cell_genome import cell, live, unused

SMALL = CellSpace(CellConfig(nodes=1, operations=("skip_connect", "max_pool_3x3")))


def test_the_size_is_that_of_the_paper():
    size = CellSpace(CellConfig()).size()
    assert size == (7**8 * 180) ** 2
    assert math.log10(size) == pytest.approx(18, abs=0.1)


def test_the_smallest_space_has_the_size_counted_by_hand():
    # One node, inputs 0 and 1, two operations each, two cells: 16.
    rng = np.random.default_rng(0)
    drawn = {SMALL.sample(rng) for _ in range(500)}
    assert len(drawn) == SMALL.size() == 16
    assert all(len(list(SMALL.neighbours(one))) == 4 for one in drawn)


def test_a_mutation_changes_an_operation_if_no_input_can_change():
    rng = np.random.default_rng(0)
    parent = SMALL.sample(rng)
    assert {SMALL.mutate(parent, rng) for _ in range(100)} == set(SMALL.neighbours(parent))


def test_samples_are_uniform_over_operations_and_pairs_of_inputs():
    space, rng = CellSpace(CellConfig()), np.random.default_rng(1)
    ops, inputs = Counter(), Counter()
    for _ in range(2000):
        (first, one), (second, other) = space.sample(rng).genome["normal"]["nodes"][3]
        assert one < other
        ops.update([first, second])
        inputs[one, other] += 1
    assert set(ops) == set(space.operations)
    assert "none" not in ops
    assert len(inputs) == 10
    assert all(abs(count - 4000 / 7) < 5 * math.sqrt(4000 / 7) for count in ops.values())
    assert all(abs(count - 200) < 5 * math.sqrt(200) for count in inputs.values())


def test_half_of_the_mutations_change_an_operation():
    space, rng = CellSpace(CellConfig()), np.random.default_rng(2)
    parent = space.sample(rng)

    def wiring(architecture):
        return [
            [source for _, source in pairs]
            for one in architecture.genome.values()
            for pairs in one["nodes"]
        ]

    same = sum(wiring(space.mutate(parent, rng)) == wiring(parent) for _ in range(1000))
    assert 430 < same < 570


def test_a_child_takes_each_node_from_a_parent():
    space, rng = CellSpace(CellConfig()), np.random.default_rng(3)
    first, second = space.sample(rng), space.sample(rng)
    for _ in range(50):
        child = space.crossover(first, second, rng)
        for name in ("normal", "reduce"):
            for index, node in enumerate(child.genome[name]["nodes"]):
                assert node in [parent.genome[name]["nodes"][index] for parent in (first, second)]


def test_mutants_of_a_published_cell_that_reads_one_input_twice_are_legal():
    architecture = load("networks", "NASNet-A")
    space = CellSpace(from_mapping(CellConfig, architecture.config))
    rng = np.random.default_rng(4)
    around = list(space.neighbours(architecture))
    for other in around:
        space.validate(other)
    codes = {tuple(space.encode(other)) for other in [architecture, *around]}
    assert len(codes) == len(around) + 1
    for _ in range(100):
        architecture = space.mutate(architecture, rng)
        space.validate(architecture)


def test_the_encoding_counts_pairs_and_marks_the_concat():
    space = CellSpace(CellConfig(nodes=1, operations=("none", "skip_connect", "max_pool_3x3")))
    one = cell([[["max_pool_3x3", 1], ["skip_connect", 0]]])
    two = cell([[["skip_connect", 1], ["skip_connect", 1]]])
    code = space.encode(space.architecture({"normal": one, "reduce": two}))
    assert code.tolist() == [1, 0, 0, 1, 0, 0, 1, 0, 0, 2, 0, 0, 0, 1]


def test_canonical_form_ignores_the_order_of_a_sum():
    forth = cell([[["skip_connect", 0], ["sep_conv_3x3", 1]]])
    back = cell([[["sep_conv_3x3", 1], ["skip_connect", 0]]])
    assert forth == back


def test_unused_and_live_nodes():
    nodes = [
        [["skip_connect", 0], ["skip_connect", 1]],
        [["skip_connect", 2], ["skip_connect", 1]],
        [["skip_connect", 0], ["skip_connect", 1]],
    ]
    assert unused(nodes) == [3, 4]
    assert live(cell(nodes, [3])) == [2, 3]
    assert live(cell(nodes, [4])) == [4]


def broken(change):
    space = CellSpace(CellConfig())
    genome = copy.deepcopy(space.sample(np.random.default_rng(0)).genome)
    change(genome)
    return space, space.architecture(genome)


def set_pair(position, value):
    def change(genome):
        genome["normal"]["nodes"][0][1][position] = value

    return change


def set_concat(name, value):
    def change(genome):
        genome[name]["concat"] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_pair(1, 2), "node 2 of cell normal has the input 2: it must be 0 to 1"),
        (set_pair(1, -1), "has the input -1"),
        (set_pair(1, True), "has the input True"),
        (set_pair(1, 1.0), "has the input 1.0"),
        (set_pair(0, "none"), "has the op 'none': choose one of max_pool_3x3"),
        (set_pair(0, ["skip_connect"]), "has the op"),
        (set_pair(0, "sep_conv_7x7"), "has the op 'sep_conv_7x7'"),
        (set_concat("normal", []), "the concat of cell normal is []"),
        (set_concat("normal", [0, 1]), "at least one node"),
        (set_concat("normal", [3, 2]), "ascending"),
        (set_concat("normal", [2, 2]), "each once"),
        (set_concat("normal", [2, 6]), "indices from 0 to 5"),
        (set_concat("reduce", [0, 2]), "indices from 2 to 5"),
        (lambda genome: genome["normal"]["nodes"].pop(), "must be a list of 4"),
        (lambda genome: genome["normal"]["nodes"][3].reverse(), "sort its pairs by input"),
        (lambda genome: genome.pop("reduce"), "normal and reduce"),
        (lambda genome: genome["normal"]["nodes"][2].append(1), "two [op, input] pairs"),
    ],
)
def test_a_wrong_genome_is_refused_with_place_and_rule(change, message):
    space, architecture = broken(change)
    with pytest.raises(InvalidArchitecture) as refused:
        space.validate(architecture)
    assert message in str(refused.value)


def test_another_size_is_refused_until_resized():
    space = CellSpace(CellConfig())
    large = load("networks", "DARTS_V2")
    with pytest.raises(InvalidArchitecture, match="cells is 20, but this space has 5"):
        space.validate(large)
    fitting = CellSpace.resized(large, cells=5, channels=8)
    space.validate(fitting)
    assert fitting.genome == large.genome
    assert CellSpace.resized(fitting, cells=20, channels=36) == large
    with pytest.raises(InvalidSettings, match="must be at most 40"):
        CellSpace.resized(large, cells=41)


@pytest.mark.parametrize(
    "operations",
    [("none", "skip_connect"), (), ("skip_connect", "skip_connect"), ("none",)],
)
def test_too_few_or_repeated_operations_are_refused(operations):
    with pytest.raises(InvalidSettings) as refused:
        CellConfig(operations=operations)
    assert list(refused.value.errors) == ["operations"]


def test_build_validates_first():
    space = CellSpace(CellConfig())
    with pytest.raises(InvalidArchitecture):
        space.build(Architecture("cell", {}, None), (1, 8, 8), 10)
