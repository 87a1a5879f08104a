"""Topologies: the five mutations, and children that answer like their parents."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nasengine.core.errors import InvalidArchitecture, InvalidSettings
from nasengine.core.settings import from_mapping
from nasengine.spaces.topology import TopologyConfig, TopologySpace
from nasengine.spaces.topology_graph import SINK, SOURCE, Convolution, Graph, minimal
from nasengine.spaces.topology_mutations import KINDS, bred, inserted, mutated

CHANCES = {kind: 0.0 for kind in KINDS}
PRESERVING = ("double", "add_node", "add_edge", "insert")


def space_of(**settings):
    return TopologySpace(from_mapping(TopologyConfig, {"channels": 4, **settings}))


def only(kind):
    """A space in which one kind of mutation takes place."""
    return space_of(**{**CHANCES, kind: 1.0})


def mutant(kind, parent, seed):
    """A child by one kind of mutation, of the usual settings."""
    graph = Graph.from_genome(parent.genome)
    return space_of().architecture(mutated(graph, only(kind).config, np.random.default_rng(seed)))


def trained(space, architecture, shape):
    """Weights after a few steps, so that running statistics are no defaults."""
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
    """A graph that all kinds of mutation can change."""
    rng = np.random.default_rng(seed)
    graph, config = minimal(4, 3), space_of().config
    while len(graph.nodes) < 5 or len(graph.edges) < 8:
        graph = mutated(graph, config, rng)
    return graph


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32)])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", PRESERVING)
def test_a_child_answers_like_its_parent_before_training(kind, seed, shape):
    torch.manual_seed(seed)
    parent = space_of().architecture(ancestor(seed))
    network = trained(space_of(), parent, shape)
    child = mutant(kind, parent, seed)
    heir = space_of().build(child, shape, 3)
    taken = space_of().inherit(child, heir, parent, network.state_dict())
    images = torch.randn(5, *shape)
    assert torch.allclose(heir.eval()(images), network(images), atol=1e-5)
    assert 0 < taken <= sum(p.numel() for p in heir.parameters())


def test_three_generations_without_training_still_answer_alike():
    torch.manual_seed(0)
    space = space_of(delete_edge=0)
    parent = space.architecture(ancestor(1))
    network = trained(space, parent, (1, 8, 8))
    child, rng = parent, np.random.default_rng(5)
    for _ in range(3):
        child = space.mutate(child, rng)
    heir = space.build(child, (1, 8, 8), 3)
    assert space.inherit(child, heir, parent, network.state_dict()) > 0
    images = torch.randn(5, 1, 8, 8)
    difference = (heir.eval()(images) - network(images)).abs().max()
    assert difference < 1e-5 or len(child.genome["nodes"]) > len(parent.genome["nodes"]) + 1


def test_copies_of_a_doubled_node_part_in_training():
    torch.manual_seed(1)
    parent = space_of().architecture(minimal(4, 3))
    network = trained(space_of(), parent, (1, 8, 8))
    child = mutant("double", parent, 0)
    heir = space_of().build(child, (1, 8, 8), 3)
    space_of().inherit(child, heir, parent, network.state_dict())
    filters = heir.nodes["2"].convolution.weight
    assert torch.equal(filters[:4], filters[4:])
    heir.train()
    for _ in range(3):
        loss = torch.nn.functional.cross_entropy(
            heir(torch.randn(16, 1, 8, 8)), torch.randint(3, (16,))
        )
        heir.zero_grad()
        loss.backward()
        with torch.no_grad():
            for one in heir.parameters():
                one.sub_(0.1 * one.grad)
    assert (filters[:4] - filters[4:]).abs().max() > 1e-4


@pytest.mark.parametrize("kind", ["add_node", "add_edge"])
def test_what_begins_with_zero_learns(kind):
    torch.manual_seed(2)
    parent = space_of().architecture(ancestor(2))
    network = trained(space_of(), parent, (1, 8, 8))
    child = mutant(kind, parent, 3)
    heir = space_of().build(child, (1, 8, 8), 3)
    space_of().inherit(child, heir, parent, network.state_dict())
    labels = torch.randint(3, (16,))
    torch.nn.functional.cross_entropy(heir.train()(torch.randn(16, 1, 8, 8)), labels).backward()
    readers = [n.convolution.weight for n in heir.nodes.values()] + [heir.classifier.weight]
    silent = [w for w in readers if (w == 0).any()]
    assert silent
    assert all(w.grad[w == 0].abs().sum() > 0 for w in silent)


def test_a_child_with_an_edge_less_keeps_the_rest():
    torch.manual_seed(3)
    parent = space_of().architecture(ancestor(3))
    network = trained(space_of(), parent, (1, 8, 8))
    child = mutant("delete_edge", parent, 0)
    heir = space_of().build(child, (1, 8, 8), 3)
    taken = space_of().inherit(child, heir, parent, network.state_dict())
    assert taken == sum(p.numel() for p in heir.parameters())


def test_every_kind_does_what_it_says():
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
        assert child.whole
    width = sum(one.channels for one in graph.nodes.values())
    wide = mutated(graph, only("double").config, rng)
    assert sum(one.channels for one in wide.nodes.values()) > width
    assert config.nodes == 12


def test_mutations_for_ever_stay_within_the_limits():
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


def test_breeding_never_makes_a_cycle():
    rng = np.random.default_rng(4)
    for seed in range(30):
        child = bred(ancestor(seed), ancestor(seed + 100), rng)
        assert child.whole


def test_an_inserted_convolution_stands_in_the_edge():
    config = space_of().config
    child = inserted(minimal(4, 3), (SOURCE, 2), 5, config)
    assert child.edges == {(SOURCE, 3), (3, 2), (2, SINK)}
    assert child.nodes[3] == Convolution(4, 5, False)


@pytest.mark.parametrize(
    ("genome", "words"),
    [
        ({"nodes": [[2, 4, 3, False]], "edges": [[0, 2], [2, 1], [1, 2]]}, "not the other way"),
        ({"nodes": [[2, 4, 3, False]], "edges": [[0, 2]]}, "between source and sink"),
        ({"nodes": [[2, 5, 3, False]], "edges": [[2, 1], [0, 2]]}, "channels 5: choose one of 4"),
        ({"nodes": [[2, 4, 3, False]], "edges": [[0, 2], [2, 1]]}, "edges by target"),
    ],
)
def test_broken_graphs_are_refused(genome, words):
    space = space_of()
    one = space.architecture(minimal(4, 3))
    with pytest.raises(InvalidArchitecture, match=words):
        space.validate(type(one)(one.space, one.config, genome))


def test_settings_that_leave_no_choice_are_refused():
    with pytest.raises(InvalidSettings, match="every chance of a mutation is 0"):
        space_of(**CHANCES)
    with pytest.raises(InvalidSettings, match="two or more odd sides"):
        space_of(kernels="3,4")
