"""Canonical architectures: relabelled networks share an id, different ones do not."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
import torch

import nasengine
from nasengine.catalog import load, names
from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError
from nasengine.execution.building import space_of
from nasengine.execution.description import describe
from nasengine.spaces.common import cell_genome
from nasengine.spaces.common.labelling import Vertex, canonical_order
from nasengine.spaces.nb201 import canonical as nb201
from nasengine.spaces.nb201.config import OPS
from tests.fixtures.spaces import SPACES, samples, shape_of
from tests.fixtures.spaces import space_of as default_space

COUNTED = 15_625
OF_THE_BENCHMARK = 6_466
DIFFERENT = 5_875
PERMUTING = ["cell", "enas-micro", "block-cell", "recurrent-cell", "topology"]


def _shuffled(reads, rng):
    """Return the vertices 2 and up in a random order in which each follows what it reads."""
    order, left = [], list(range(2, len(reads) + 2))
    while left:
        ready = [v for v in left if all(s in order or s < 2 for s in reads[v - 2])]
        order.append(ready[rng.integers(len(ready))])
        left.remove(order[-1])
    return order


def _relabelled_cell(cell, rng):
    """Return the cell with its nodes in another order, and where each old index went."""
    order = _shuffled([[source for _, source in pairs] for pairs in cell["nodes"]], rng)
    place = {0: 0, 1: 1, **{old: new for new, old in enumerate(order, start=2)}}
    nodes = [[[op, place[source]] for op, source in cell["nodes"][old - 2]] for old in order]
    return cell_genome.cell(nodes, [place[index] for index in cell["concat"]]), place


def _relabelled_blocks(blocks, rng):
    cell = {"nodes": blocks, "concat": [2]}
    return _relabelled_cell(cell, rng)[0]["nodes"]


def _relabelled_nodes(nodes, rng):
    """Return the nodes of a recurrent cell in another order, and where each went."""
    order, left = [0], list(range(1, len(nodes) + 1))
    while left:
        ready = [n for n in left if nodes[n - 1][1] in order]
        order.append(ready[rng.integers(len(ready))])
        left.remove(order[-1])
    place = {old: new for new, old in enumerate(order)}
    return [[nodes[old - 1][0], place[nodes[old - 1][1]]] for old in order[1:]], place


def _relabelled_graph(genome, rng):
    """Return a topology with other ids, and the new id of each old one."""
    ids = [node[0] for node in genome["nodes"]]
    place = {0: 0, 1: 1, **dict(zip(ids, map(int, rng.permutation(ids)), strict=True))}
    nodes = [[place[number], *rest] for number, *rest in genome["nodes"]]
    edges = [[place[a], place[b]] for a, b in genome["edges"]]
    return {"nodes": sorted(nodes), "edges": sorted(edges, key=lambda e: e[::-1])}, place


def _relabelled(architecture, rng):
    """Return the same network with its parts in another order, in the notation of its space."""
    genome = architecture.genome
    match architecture.space:
        case "cell":
            other = {name: _relabelled_cell(genome[name], rng)[0] for name in genome}
        case "enas-micro":
            other = {name: _relabelled_blocks(genome[name], rng) for name in genome}
        case "block-cell":
            other = _relabelled_blocks(genome, rng)
        case "recurrent-cell":
            other = {"nodes": _relabelled_nodes(genome["nodes"], rng)[0]}
        case "topology":
            other = _relabelled_graph(genome, rng)[0]
        case other_space:
            raise ValueError(other_space)
    return replace(architecture, genome=other)


@pytest.mark.parametrize("name", SPACES)
def test_the_canonical_form_is_legal_and_its_own(name):
    space = default_space(name)
    for architecture in samples(space, 25):
        same = nasengine.canonical(architecture)
        space.validate(same)
        assert nasengine.canonical(same) == same
        assert nasengine.canonical_id(same) == nasengine.canonical_id(architecture)


@pytest.mark.parametrize("name", PERMUTING)
def test_relabelled_networks_have_one_id_and_the_same_costs(name):
    space, rng = default_space(name), np.random.default_rng(5)
    changed = 0
    for architecture in samples(space, 25, seed=2):
        other = _relabelled(architecture, rng)
        space.validate(other)
        changed += other != architecture
        assert nasengine.canonical_id(other) == nasengine.canonical_id(architecture)
    assert changed > 10
    small = {"cells": 2, "channels": 2} if "cells" in architecture.config else {}
    same = [replace(a, config={**a.config, **small}) for a in (other, architecture)]
    same.append(nasengine.canonical(same[0]))
    assert same[2] != same[0]
    assert len({_costs(a, shape_of(space)) for a in same}) == 1


def _costs(architecture, shape):
    facts = describe("", architecture, shape, 10)
    return facts.params, facts.macs


@pytest.mark.parametrize("name", PERMUTING)
def test_a_change_that_is_no_relabelling_has_another_id(name):
    """A changed operation changes how often it occurs, which no relabelling can."""
    space = default_space(name)
    for architecture in samples(space, 10, seed=4):
        counted = _operations(architecture.genome)
        rng = np.random.default_rng(1)
        for other in (space.mutate(architecture, rng) for _ in range(20)):
            if _operations(other.genome) != counted:
                assert nasengine.canonical_id(other) != nasengine.canonical_id(architecture)


def _operations(genome):
    """Return the texts and sizes of a genome, sorted: its operations without their places."""
    if isinstance(genome, dict):
        if "edges" in genome:
            return sorted(str(node[1:]) for node in genome["nodes"]), len(genome["edges"])
        return {key: _operations(value) for key, value in genome.items() if key != "concat"}
    return sorted(
        str(p[0]) for pairs in genome for p in (pairs if type(pairs[0]) is list else [pairs])
    )


def test_all_cells_of_nb201_fall_into_the_classes_of_their_functions():
    forms = defaultdict(list)
    for ops in itertools.product(OPS, repeat=6):
        forms[nb201.form.__wrapped__(ops)].append(ops)
    assert sum(map(len, forms.values())) == COUNTED
    assert len(forms) == DIFFERENT
    rng = np.random.default_rng(0)
    chosen = [list(forms)[i] for i in rng.choice(len(forms), 8, replace=False)]
    ids = set()
    for members in (forms[form] for form in chosen):
        found = {nb201.canonical(ops, OPS) for ops in members[:3]}
        assert len(found) == 1
        assert found <= set(members)
        ids |= found
    assert len(ids) == 8


def test_the_rule_of_the_benchmark_gives_its_published_number():
    """6,466 merges convolutions of the same value; ours keeps them, and drops what is dead."""
    assert len({_as_in_the_benchmark(ops) for ops in itertools.product(OPS, repeat=6)}) == (
        OF_THE_BENCHMARK
    )
    shared = ("nor_conv_3x3", "none", "skip_connect", "none", "skip_connect", "avg_pool_3x3")
    own = ("nor_conv_3x3", "nor_conv_3x3", "none", "none", "skip_connect", "avg_pool_3x3")
    assert _as_in_the_benchmark(shared) == _as_in_the_benchmark(own)
    assert nb201.form(shared) != nb201.form(own)


def _as_in_the_benchmark(ops):
    """Return the text by which NAS-Bench-201 tells topologies apart."""
    nodes, rest = ["0"], iter(ops)
    for target in range(1, 4):
        terms = []
        for source in range(target):
            op = next(rest)
            if op == "none" or nodes[source] == "#":
                terms.append("#")
            elif op == "skip_connect":
                terms.append(nodes[source])
            else:
                terms.append(f"({nodes[source]})@{op}")
        nodes.append("+".join(sorted(terms)))
    return nodes[3]


@torch.no_grad()
def test_equal_cells_of_nb201_compute_the_same_with_moved_weights():
    space = load("spaces", "nb201")(load("spaces", "nb201").Config(cells=1, channels=2))
    compared = 0
    for architecture in samples(space, 16, seed=9):
        same = space.canonical(architecture)
        pair = [space.build(a, (1, 8, 8), 3).eval() for a in (architecture, same)]
        orders = [_convolutions(a) for a in (architecture, same)]
        if same == architecture:
            continue
        _move(pair, orders)
        x = torch.randn(2, 1, 8, 8)
        torch.testing.assert_close(pair[0](x), pair[1](x))
        compared += 1
    assert compared > 4


def _convolutions(architecture):
    """Return the places of the used convolutions among the built edges, in canonical order."""
    ops = nb201_ops(architecture)
    built = [index for index, op in enumerate(ops) if op != "none"]
    return [
        built.index(edge) for edge in nb201._ordered(*nb201._terms(ops))[:-1] if "conv" in ops[edge]
    ]


def nb201_ops(architecture):
    return tuple(
        part.split("~")[0] for part in architecture.genome.replace("+", "").split("|") if part
    )


def _move(pair, orders):
    """Give the second network the weights of the first, whose places are other ones."""
    first, second = pair
    for module in first.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.bias.normal_()
    state = first.state_dict()
    moved = {k: v for k, v in state.items() if ".operations." not in k}
    for stage in range(3):
        for one, other in zip(*orders, strict=True):
            old, new = (f"stages.{stage}.0.operations.{n}." for n in (one, other))
            moved |= {k.replace(old, new): v for k, v in state.items() if k.startswith(old)}
    missing, unexpected = second.load_state_dict(moved, strict=False)
    assert not missing
    assert not unexpected


@torch.no_grad()
def test_equal_recurrent_cells_compute_the_same_with_moved_weights():
    space, rng = default_space("recurrent-cell"), np.random.default_rng(1)
    for architecture in samples(space, 4):
        nodes, place = _relabelled_nodes(architecture.genome["nodes"], rng)
        first = space.build(architecture, (1,), 5).eval()
        second = space.build(space.architecture(nodes), (1,), 5).eval()
        state = first.state_dict()
        for old, new in place.items():
            if old:
                state[f"matrices.{new - 1}"] = first.state_dict()[f"matrices.{old - 1}"]
        second.load_state_dict(state)
        words = torch.randint(5, (2, 6))
        torch.testing.assert_close(first(words)[0], second(words)[0])


@torch.no_grad()
def test_equal_cells_compute_the_same_with_moved_weights():
    config = load("spaces", "cell").Config(cells=4, channels=4, nodes=4)
    space, rng = load("spaces", "cell")(config), np.random.default_rng(8)
    architecture = samples(space, 1, seed=3)[0]
    relabelled = {
        name: _relabelled_cell(architecture.genome[name], rng) for name in ("normal", "reduce")
    }
    other = space.architecture({name: cell for name, (cell, _) in relabelled.items()})
    assert other != architecture
    first, second = (space.build(a, (1, 8, 8), 3).eval() for a in (architecture, other))
    blocks, state = _block_orders(config, relabelled), {}
    for key, value in first.state_dict().items():
        parts = key.split(".")
        if parts[0] == "cells" and parts[2] == "operations":
            state[_moved_operation(key, parts, architecture, config, relabelled)] = value
        elif parts[0] == "cells" and value.dim() == 4:
            source = int(parts[1]) - (2 if parts[2] == "older" else 1)
            state[key] = _permuted(value, blocks.get(source))
        else:
            last = blocks[config.cells - 1] if key == "classifier.weight" else None
            state[key] = _permuted(value, last)
    second.load_state_dict(state)
    x = torch.randn(2, 1, 8, 8)
    torch.testing.assert_close(first(x), second(x))


def _cell_name(number, config):
    return "reduce" if number in config.reductions else "normal"


def _moved_operation(key, parts, architecture, config, relabelled):
    """Return the name, in the relabelled network, of a weight of an operation."""
    name = _cell_name(int(parts[1]), config)
    cell, place = relabelled[name]
    pairs = architecture.genome[name]["nodes"][int(parts[3]) - 2]
    op, source = pairs[int(parts[4])]
    new = place[int(parts[3])]
    which = cell["nodes"][new - 2].index([op, place[source]])
    return ".".join([*parts[:3], str(new), str(which), *parts[5:]])


def _block_orders(config, relabelled):
    """Return, for each cell, the old place of each block of channels of its new output."""
    orders = {}
    for number in range(config.cells):
        cell, place = relabelled[_cell_name(number, config)]
        old = {new: old for old, new in place.items()}
        orders[number] = [old[index] - 2 for index in cell["concat"]]
    return orders


def _permuted(value, blocks):
    if blocks is None:  # the input comes from the stem
        return value
    return torch.cat([value.chunk(len(blocks), dim=1)[index] for index in blocks], dim=1)


def test_the_order_is_the_same_exactly_for_isomorphic_graphs():
    """Compare with the smallest of all relabelings, by brute force, on small graphs."""
    rng, seen = np.random.default_rng(0), defaultdict(set)
    for _ in range(400):
        count = int(rng.integers(2, 6))
        reads = [
            [("ab"[rng.integers(2)], int(rng.integers(v))) for _ in range(rng.integers(1, 3))]
            for v in range(2, count + 2)
        ]
        labels = ["xy"[rng.integers(2)] for _ in reads]
        seen[_by_brute_force(labels, reads)].add(_by_canonical_order(labels, reads))
    codes = [code for found in seen.values() for code in found]
    assert all(len(found) == 1 for found in seen.values())
    assert len(set(codes)) == len(codes)
    assert len(codes) > 100


def _coded(labels, reads, order):
    place = {0: 0, 1: 1, **{old: new for new, old in enumerate(order, start=2)}}
    return tuple(
        (labels[old - 2], tuple(sorted((e, place[s]) for e, s in reads[old - 2]))) for old in order
    )


def _by_brute_force(labels, reads):
    numbers = range(2, len(reads) + 2)
    return min(_coded(labels, reads, order) for order in itertools.permutations(numbers))


def _by_canonical_order(labels, reads):
    vertices = {
        number: Vertex(label, tuple(inputs))
        for number, (label, inputs) in enumerate(zip(labels, reads, strict=True), start=2)
    }
    return _coded(labels, reads, canonical_order(vertices))


def test_many_equal_vertices_are_ordered_quickly():
    same = {number: Vertex("x", (("", 0),)) for number in range(2, 62)}
    assert sorted(canonical_order(same)) == sorted(same)
    chain = {number: Vertex("x", (("", number - 1),)) for number in range(2, 62)}
    assert canonical_order(chain) == sorted(chain)


def test_dead_nodes_and_settings_of_the_search_do_not_count():
    darts = load("networks", "DARTS_V2")
    narrow = replace(darts, config={**darts.config, "operations": sorted(_used(darts))})
    assert narrow.id != darts.id
    assert nasengine.canonical_id(narrow) == nasengine.canonical_id(darts)
    small = replace(darts, config={**darts.config, "cells": 8})
    assert nasengine.canonical_id(small) != nasengine.canonical_id(darts)
    normal = {"nodes": darts.genome["normal"]["nodes"], "concat": [2, 4]}
    dead = [["max_pool_3x3", 0], ["max_pool_3x3", 1]]
    cells = [
        {**normal, "nodes": [*normal["nodes"][:1], pairs, *normal["nodes"][2:]]}
        for pairs in (dead, normal["nodes"][0])
    ]
    pair = [replace(darts, genome={**darts.genome, "normal": cell}) for cell in cells]
    live = [cell_genome.live(cell) for cell in cells]
    assert (nasengine.canonical_id(pair[0]) == nasengine.canonical_id(pair[1])) == (
        3 not in live[0]
    )


def _used(architecture):
    return {
        op for cell in architecture.genome.values() for pairs in cell["nodes"] for op, _ in pairs
    }


def test_a_setting_that_is_not_mentioned_has_its_default():
    architecture = samples(default_space("cell"), 1)[0]
    short = Architecture(
        "cell", {"operations": architecture.config["operations"]}, architecture.genome
    )
    assert nasengine.canonical_id(short) == nasengine.canonical_id(architecture)


def test_settings_of_the_search_do_not_change_the_network():
    for name in SPACES:
        space_class = load("spaces", name)
        known = set(space_of(samples(default_space(name), 1)[0]).config.__dict__)
        assert space_class.search_settings <= known


def test_published_networks_differ():
    ids = {nasengine.canonical_id(load("networks", name)) for name in names("networks")}
    assert len(ids) == len(names("networks"))


def test_what_the_space_does_not_allow_is_refused():
    with pytest.raises(EngineError, match="not among the spaces"):
        nasengine.canonical_id(Architecture("nowhere", {}, []))
    cell = samples(default_space("cell"), 1)[0]
    with pytest.raises(EngineError, match="the genome is"):
        nasengine.canonical_id(replace(cell, genome={"normal": 1}))


def test_the_trailing_norm_that_does_nothing_is_left_out():
    space = default_space("dense-cell")
    cell, longer = (space.architecture(["bn", "conv_1x1", *last]) for last in ([], ["no_norm"]))
    assert nasengine.canonical_id(cell) == nasengine.canonical_id(longer)
    assert nasengine.canonical_id(cell) != nasengine.canonical_id(
        space.architecture(["bn", "conv_1x1", "bn"])
    )
    assert _costs(cell, (1, 8, 8)) == _costs(longer, (1, 8, 8))
