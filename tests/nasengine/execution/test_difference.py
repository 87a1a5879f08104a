"""Difference of two architectures: what is counted, the sentence, the common drawing."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from nasengine.catalog import load
from nasengine.execution.difference import difference
from nasengine.spaces.common import cell_genome
from tests.fixtures.spaces import NETWORK_SPACES, check_graph, samples, space_of

V2 = load("networks", "DARTS_V2")


def changed(edit):
    genome = copy.deepcopy(V2.genome)
    edit(genome["normal"]["nodes"])
    for cell in genome.values():
        cell["nodes"] = [cell_genome.node(*pairs) for pairs in cell["nodes"]]
    return replace(V2, genome=genome)


@pytest.mark.parametrize("name", NETWORK_SPACES)
def test_an_architecture_does_not_differ_from_itself(name):
    (architecture,) = samples(space_of(name), 1)
    found = difference(architecture, architecture)
    assert (found.differing, found.joins, found.settings) == (0, 0, [])
    assert found.sentence == "No edge differs."
    assert {edge["change"] for cell in found.cells for edge in cell["edges"]} == {"kept"}


@pytest.mark.parametrize("name", NETWORK_SPACES)
def test_every_edge_of_both_is_in_the_drawing_once(name):
    first, second = samples(space_of(name), 2, seed=3)
    found = difference(first, second)
    for architecture, gone in ((first, "added"), (second, "removed")):
        shown = sum(e["change"] != gone for cell in found.cells for e in cell["edges"])
        cells = space_of(name).graph(architecture)["cells"]
        assert shown == sum(e["family"] != "none" for cell in cells for e in cell["edges"])
    same = {**found.cells[0], "edges": [
        {k: v for k, v in edge.items() if k != "change"} for edge in found.cells[0]["edges"]
    ]}  # fmt: skip
    if name != "topology":  # the union of two graphs may have a cycle
        check_graph({"cells": [same]})


def test_changed_operations_and_moved_inputs_are_told_apart():
    def edit(nodes):
        nodes[0][0][0] = "max_pool_3x3"
        nodes[3][0][1] = 3

    found = difference(V2, changed(edit))
    assert (found.operations, found.inputs, found.added, found.removed) == (1, 1, 0, 0)
    assert found.sentence == "2 of 16 edges differ: 1 operation changed, 1 input moved."
    edges = found.cells[0]["edges"]
    assert sorted(e["change"] for e in edges if e["change"] != "kept") == [
        "added", "added", "removed", "removed",
    ]  # fmt: skip


def test_a_cell_with_its_nodes_in_another_order_does_not_differ():
    order = [0, 1, 3, 2]
    cell = V2.genome["normal"]
    place = {0: 0, 1: 1, 2: 2, 3: 3, 4: 5, 5: 4}
    nodes = [[[op, place[s]] for op, s in cell["nodes"][index]] for index in order]
    other = replace(V2, genome={**V2.genome, "normal": cell_genome.cell(nodes)})
    assert other != V2
    assert difference(V2, other).differing == 0


def test_settings_of_the_network_are_named_and_those_of_the_search_are_not():
    menu = [*V2.config["operations"], "sep_conv_7x7"]
    found = difference(V2, replace(V2, config={**V2.config, "cells": 8, "operations": menu}))
    assert found.settings == [("cells", V2.config["cells"], 8)]
    assert found.sentence == f"No edge differs; cells 8 instead of {V2.config['cells']}."


def test_a_larger_graph_has_added_edges():
    space, rng = space_of("topology"), np.random.default_rng(0)
    first = next(iter(space.smallest()))
    second = next(iter(space.grow(first)))
    found = difference(first, second)
    assert found.added + found.operations + found.inputs > 0
    assert found.edges == 2
    assert space.sample(rng) != first


def test_different_spaces_have_no_common_drawing():
    assert difference(V2, samples(space_of("nb201"), 1)[0]) is None
