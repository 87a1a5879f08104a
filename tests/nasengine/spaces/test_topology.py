"""Topologies: the five mutations, and children with the outputs of their parents."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nasengine.core.errors import InvalidArchitecture, InvalidSettings
from nasengine.core.settings import from_mapping
from nasengine.spaces.topology.graph import SINK, SOURCE, Convolution, Graph, minimal
from nasengine.spaces.topology.lineage import Lineage
from nasengine.spaces.topology.mutations import KINDS, branched, bred, inserted, mutated
from nasengine.spaces.topology.space import TopologyConfig, TopologySpace

CHANCES = {kind: 0.0 for kind in KINDS}
MERGES = ("concat", "sum")
PRESERVING = ("double", "add_node", "add_edge", "insert")


def space_of(**settings):
    return TopologySpace(from_mapping(TopologyConfig, {"channels": 4, **settings}))


def only(kind):
    """Return a space with only one kind of mutation."""
    return space_of(**{**CHANCES, kind: 1.0})


def mutant(kind, parent, seed, space):
    """Return a child by one kind of mutation, in a space with default probabilities."""
    graph = Graph.from_genome(parent.genome)
    return space.architecture(mutated(graph, only(kind).config, np.random.default_rng(seed)))


def trained(space, architecture, shape):
    """Train a few steps, so that running statistics differ from their defaults."""
    network = space.build(architecture, shape, 3)
    optimiser = torch.optim.SGD(network.parameters(), 0.1)
    for _ in range(6):
        optimiser.zero_grad()
        images = torch.randn(16, *shape) * 2 + 1
        labels = torch.randint(3, (16,))
        torch.nn.functional.cross_entropy(network(images), labels).backward()
        optimiser.step()
    return network.eval()


def ancestor(seed):
    """Return a graph that every kind of mutation can change."""
    rng = np.random.default_rng(seed)
    graph, config = minimal(4, 3), space_of().config
    while len(graph.nodes) < 5 or len(graph.edges) < 8:
        graph = mutated(graph, config, rng)
    return graph


def inherited(space, child, parent, shape=(1, 8, 8), auxiliary=False):
    """Return a child's network, the number of copied parameters, and its trained parent."""
    before = trained(space, parent, shape)
    network = space.build(child, shape, 3, auxiliary)
    return network, space.inherit(child, network, parent, before.state_dict()), before


def difference(child_network, before, shape=(1, 8, 8)):
    """Return the largest difference between the outputs of two networks."""
    images = torch.randn(5, *shape)
    with torch.no_grad():
        return float((child_network.eval()(images) - before.eval()(images)).abs().max())


def step(network, rate):
    """Train one step on noise; gradients stay in place."""
    loss = torch.nn.functional.cross_entropy(
        network.train()(torch.randn(16, 1, 8, 8)), torch.randint(3, (16,))
    )
    network.zero_grad()
    loss.backward()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.sub_(rate * parameter.grad)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32)])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", PRESERVING)
@pytest.mark.parametrize("merge", MERGES)
def test_a_child_has_the_outputs_of_its_parent_before_training(merge, kind, seed, shape):
    torch.manual_seed(seed)
    space = space_of(merge=merge)
    parent = space.architecture(ancestor(seed))
    child = mutant(kind, parent, seed, space)
    child_network, copied, before = inherited(space, child, parent, shape)
    assert before.stem.norm.running_mean.abs().max() > 0.01
    assert difference(child_network, before, shape) < 1e-5
    whole = sum(p.numel() for p in child_network.parameters())
    assert 0 < copied < whole if kind != "double" else copied == whole


@pytest.mark.parametrize("merge", MERGES)
def test_several_generations_of_mutations_keep_the_outputs(merge):
    space = space_of(merge=merge, delete_edge=0, nodes=20)
    deepest = 0
    for seed in range(30):
        torch.manual_seed(seed)
        rng = np.random.default_rng(seed)
        parent = space.sample(rng)
        child = parent
        for _ in range(1 + seed % 6):
            child = space.mutate(child, rng)
        child_network, _, before = inherited(space, child, parent)
        assert difference(child_network, before) < 1e-5, space.text(child)
        deepest = max(deepest, len(child.genome["nodes"]) - len(parent.genome["nodes"]))
    assert deepest >= 4


def test_one_of_two_new_nodes_replaces_a_lost_edge():
    chain = frozenset({(SOURCE, 2), (2, 3), (3, SINK)})
    parent = Graph({2: Convolution(4, 3, False), 3: Convolution(4, 3, False)}, chain)
    both = {4: Convolution(8, 3, False), 5: Convolution(4, 5, False), **parent.nodes}
    edges = {(SOURCE, 2), (2, 4), (2, 5), (4, 3), (5, 3), (3, SINK)}
    lineage = Lineage(Graph(both, frozenset(edges)), parent, 4)
    assert lineage.repeats == {4: 2}
    assert [lineage.origin(3, one) for one in (4, 5)] == [2, None]
    assert [lineage.twin(one) for one in (SOURCE, 2, 4, 5)] == [SOURCE, 2, 2, None]
    halving = {**both, 4: Convolution(8, 3, True)}
    assert Lineage(Graph(halving, frozenset(edges)), parent, 4).repeats == {5: 2}


def test_a_larger_kernel_starts_as_the_smaller_one():
    torch.manual_seed(4)
    space = space_of(kernels="3,5")
    graph = ancestor(4)
    small = Graph(
        {n: Convolution(node.channels, 3, node.pool) for n, node in graph.nodes.items()},
        graph.edges,
    )
    large = Graph(
        {n: Convolution(node.channels, 5, node.pool) for n, node in graph.nodes.items()},
        graph.edges,
    )
    parent, child = space.architecture(small), space.architecture(large)
    child_network, copied, before = inherited(space, child, parent)
    assert difference(child_network, before) < 1e-5
    assert copied == sum(p.numel() for p in before.parameters())
    cropped, copied, before = inherited(space, parent, child)
    assert copied == sum(p.numel() for p in cropped.parameters())
    kernel = before.nodes["2"].convolution.weight[:, :, 1:4, 1:4]
    assert torch.equal(cropped.nodes["2"].convolution.weight, kernel)


def test_the_auxiliary_head_is_inherited_too():
    space = space_of()
    parent = space.architecture(minimal(4, 3))
    before = space.build(parent, (1, 8, 8), 3, auxiliary=True)
    child_network = space.build(parent, (1, 8, 8), 3, auxiliary=True)
    copied = space.inherit(parent, child_network, parent, before.state_dict())
    assert copied == sum(p.numel() for p in child_network.parameters())
    for one, other in zip(
        child_network.auxiliary.parameters(), before.auxiliary.parameters(), strict=True
    ):
        assert torch.equal(one, other)


def test_a_sum_has_a_projection_for_every_edge_into_a_convolution():
    graph = ancestor(0)
    side, summed = (
        space.build(space.architecture(graph), (1, 8, 8), 3)
        for space in (space_of(), space_of(merge="sum"))
    )
    widths = {SOURCE: 4} | {number: node.channels for number, node in graph.nodes.items()}
    for number, node in graph.nodes.items():
        read = [widths[one] for one in graph.inputs(number)]
        area = node.kernel**2
        weights = [network.nodes[str(number)].convolution.weight for network in (side, summed)]
        projections = sum(p.numel() for p in summed.sums[str(number)].parameters())
        assert weights[0].numel() == sum(read) * node.channels * area
        assert weights[1].numel() == node.channels**2 * area
        assert projections == sum(read) * node.channels
    assert len(side.sums) == 0
    assert side.classifier.weight.shape == summed.classifier.weight.shape


@pytest.mark.parametrize("merge", MERGES)
def test_copies_of_a_doubled_node_diverge_in_training(merge):
    torch.manual_seed(1)
    space = space_of(merge=merge)
    parent = space.architecture(minimal(4, 3))
    child_network, _, _ = inherited(space, mutant("double", parent, 0, space), parent)
    filters = child_network.nodes["2"].convolution.weight
    if merge == "concat":
        assert torch.equal(filters[:4], filters[4:])
    read = child_network.classifier.weight
    assert (read[:, :4] - read[:, 4:]).abs().max() > 1e-4
    distances = [(filters[:4] - filters[4:]).detach().abs().max()]
    for _ in range(3):
        step(child_network, 0.1)
        distances.append((filters[:4] - filters[4:]).detach().abs().max())
    assert distances[-1] > distances[0] + 1e-4


@pytest.mark.parametrize("kind", PRESERVING)
@pytest.mark.parametrize("merge", MERGES)
def test_every_weight_of_a_child_learns(merge, kind):
    torch.manual_seed(2)
    space = space_of(merge=merge)
    parent = space.architecture(ancestor(2))
    child_network, _, _ = inherited(space, mutant(kind, parent, 3, space), parent)
    silent = [(name, p == 0) for name, p in child_network.named_parameters() if "weight" in name]
    silent = {name: zero for name, zero in silent if zero.any()}
    assert bool(silent) == (kind != "double")
    step(child_network, 0.01)
    for name, zero in silent.items():
        assert dict(child_network.named_parameters())[name].grad[zero].abs().max() > 0, name
    step(child_network, 0.01)  # layers before weights of zero get gradients once these have moved
    for name, parameter in child_network.named_parameters():
        assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("merge", MERGES)
def test_a_child_without_an_edge_keeps_all_other_weights(merge):
    torch.manual_seed(3)
    space = space_of(merge=merge)
    parent = space.architecture(ancestor(3))
    child_network, copied, _ = inherited(space, mutant("delete_edge", parent, 0, space), parent)
    assert copied == sum(p.numel() for p in child_network.parameters())


def test_each_kind_of_mutation_changes_nodes_and_edges_as_documented():
    rng = np.random.default_rng(0)
    graph, config = ancestor(0), space_of().config
    nodes, edges = len(graph.nodes), len(graph.edges)
    grown = {
        "double": (0, 0),
        "add_node": (1, 2),
        "add_edge": (0, 1),
        "delete_edge": (0, -1),
        "insert": (1, 1),
    }
    for kind, (more_nodes, more_edges) in grown.items():
        child = mutated(graph, only(kind).config, rng)
        assert (len(child.nodes), len(child.edges)) == (nodes + more_nodes, edges + more_edges)
        assert child.is_valid
    width = sum(node.channels for node in graph.nodes.values())
    wide = mutated(graph, only("double").config, rng)
    assert sum(node.channels for node in wide.nodes.values()) > width
    assert config.nodes == 12


def test_long_chains_of_mutations_stay_within_the_limits():
    space, rng = space_of(nodes=5, doublings=1), np.random.default_rng(1)
    one = space.sample(rng)
    for _ in range(300):
        one = space.mutate(one, rng)
        space.validate(one)
    assert len(one.genome["nodes"]) == 5


def test_a_graph_with_every_limit_reached_changes_a_kernel():
    space = space_of(**{**CHANCES, "double": 1.0}, doublings=0)
    one = space.architecture(minimal(4, 3))
    child = space.mutate(one, np.random.default_rng(0))
    assert child.genome["nodes"] == [[2, 4, 5, False]]


def test_levels_follow_the_smallest_map():
    graph = Graph(
        {2: Convolution(4, 3, True), 3: Convolution(4, 3, False)},
        frozenset({(SOURCE, 2), (SOURCE, 3), (2, 3), (3, SINK)}),
    )
    assert graph.order == [2, 3]
    assert graph.levels == {SOURCE: 0, 2: 1, 3: 1}
    space = space_of()
    assert space.build(space.architecture(graph), (1, 7, 7), 2).eval()(
        torch.randn(2, 1, 7, 7)
    ).shape == (2, 2)


def test_growth_yields_exactly_what_adding_or_inserting_a_convolution_can_make():
    graph = inserted(minimal(4, 3, True), (SOURCE, 2), 3, space_of().config)
    for pool in (0.0, 0.5, 1.0):
        space = space_of(pool=pool)
        grown = list(space.grow(space.architecture(graph)))
        assert len(set(grown)) == len(grown)
        rng = np.random.default_rng(0)
        made = set()
        for kind in ("add_node", "insert"):
            config = space_of(**{**CHANCES, kind: 1.0}, pool=pool).config
            made |= {space.architecture(mutated(graph, config, rng)) for _ in range(600)}
        assert made == set(grown)


def test_nothing_grows_at_the_limit():
    space = space_of(nodes=2)
    small = next(space.smallest())
    assert {len(one.genome["nodes"]) for one in space.grow(small)} == {2}
    assert not any(list(space.grow(one)) for one in space.grow(small))


def test_breeding_never_makes_a_cycle():
    rng = np.random.default_rng(4)
    for seed in range(30):
        child = bred(ancestor(seed), ancestor(seed + 100), rng)
        assert child.is_valid


def test_an_inserted_convolution_splits_the_edge():
    config = space_of().config
    child = inserted(minimal(4, 3), (SOURCE, 2), 5, config)
    assert child.edges == {(SOURCE, 3), (3, 2), (2, SINK)}
    assert child.nodes[3] == Convolution(4, 5, False)


def test_unrelated_lineages_share_an_id_only_for_a_convolution_at_the_same_place():
    config, ids = space_of(ids="innovation").config, {}
    for name, edges in {
        "before": [(SOURCE, 2)],
        "after": [(2, SINK)],
        "both": [(2, SINK), (SOURCE, 2)],
    }.items():
        graph = minimal(4, 3)
        for edge in edges:
            graph = inserted(graph, edge, 3, config)
        ids[name] = graph.nodes.keys() - {2}
    assert not ids["before"] & ids["after"]
    assert ids["both"] == ids["before"] | ids["after"]
    twice = branched(
        branched(minimal(4, 3), (SOURCE, SINK), 3, False, config), (SOURCE, SINK), 3, False, config
    )
    assert len(twice.nodes) == 3


def test_breeding_does_not_mix_convolutions_that_unrelated_lineages_added_elsewhere():
    """Counted ids give both new convolutions the id 3, so one can take the other's place."""
    config = space_of(ids="innovation").config
    first = inserted(minimal(4, 3), (SOURCE, 2), 3, config)
    second = branched(minimal(4, 3), (2, SINK), 5, True, config)
    children = [bred(first, second, np.random.default_rng(seed)) for seed in range(20)]
    assert {child.nodes[n] for child in children for n in first.nodes} == {Convolution(4, 3, False)}
    assert {child.edges for child in children} == {first.edges, first.edges | {(SOURCE, 2)}}
    same = inserted(minimal(4, 3), (SOURCE, 2), 5, config)
    kernels = {
        bred(first, same, np.random.default_rng(s)).nodes[n].kernel
        for s in range(20)
        for n in first.nodes.keys() - {2}
    }
    assert kernels == {3, 5}


@pytest.mark.parametrize("ids", ["counted", "innovation"])
def test_graphs_with_counted_ids_are_valid_with_either_setting_and_keep_their_numbers(ids):
    space = space_of(ids=ids)
    genome = {
        "nodes": [[2, 4, 3, False], [3, 8, 5, True]],
        "edges": [[2, 1], [3, 1], [0, 2], [2, 3]],
    }
    one = next(space.smallest())
    old = type(one)(one.space, one.config, genome)
    space.validate(old)
    assert space.text(old) == "2=4x3<-x 3=8x5/2<-2 y<-2,3"
    rng = np.random.default_rng(0)
    for _ in range(20):
        child = space.mutate(old, rng)
        space.validate(child)
        assert {2, 3} <= {node[0] for node in child.genome["nodes"]}


def test_a_search_with_innovation_numbers_finds_valid_different_graphs():
    space, rng = space_of(ids="innovation", nodes=8), np.random.default_rng(3)
    drawn = {space.sample(rng) for _ in range(40)}
    drawn |= {
        space.crossover(a, b, rng) for a, b in zip(list(drawn), list(drawn)[1:], strict=False)
    }
    for one in drawn:
        space.validate(one)
    codes = [space.encode(one) for one in drawn]
    assert len({tuple(code) for code in codes}) == len(drawn)
    assert len({code.size for code in codes}) == 1
    assert all(max(space.tokens(one)) < space.vocabulary() for one in drawn)


def test_pages_and_encodings_number_the_convolutions_in_the_order_of_the_data():
    space = space_of(ids="innovation")
    graph = inserted(minimal(4, 3), (SOURCE, 2), 5, space.config)
    one = space.architecture(inserted(graph, (2, SINK), 3, space.config))
    assert space.text(one) == "2=4x5<-x 3=4x3<-2 4=4x3<-3 y<-4"
    assert [node["id"] for node in space.graph(one)["cells"][0]["nodes"]] == list("x234y")
    assert max(space.tokens(one)) < space.vocabulary()
    assert len(space.encode(one)) == len(space.encode(next(space.smallest())))


@pytest.mark.parametrize(
    ("genome", "message"),
    [
        ({"nodes": [[2, 4, 3, False]], "edges": [[0, 2], [2, 1], [1, 2]]}, "no edge may leave 1"),
        ({"nodes": [[2, 4, 3, False]], "edges": [[0, 2]]}, "outside all paths from source to sink"),
        ({"nodes": [[2, 5, 3, False]], "edges": [[2, 1], [0, 2]]}, "channels 5: choose one of 4"),
        ({"nodes": [[2, 4, 3, False]], "edges": [[0, 2], [2, 1]]}, "edges by target"),
    ],
)
def test_broken_graphs_are_refused(genome, message):
    space = space_of()
    one = space.architecture(minimal(4, 3))
    with pytest.raises(InvalidArchitecture, match=message):
        space.validate(type(one)(one.space, one.config, genome))


def test_settings_without_any_mutation_or_kernel_choice_are_refused():
    with pytest.raises(InvalidSettings, match="insert: must be above 0"):
        space_of(**CHANCES)
    with pytest.raises(InvalidSettings, match="at least two different odd sizes"):
        space_of(kernels="3,4")
