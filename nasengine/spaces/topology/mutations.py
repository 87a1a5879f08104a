"""The five mutations of a topology (1809.03242), and breeding.

Double the channels of a convolution; add a convolution between two nodes; add an edge; delete an
edge; insert a convolution into an edge. All keep the graph valid. New parts can start without
changing the output of the network: an inserted node as the identity, a new branch or edge with
weights of zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .graph import SINK, SOURCE, Convolution, Graph

if TYPE_CHECKING:
    from .config import TopologyConfig

KINDS = ("double", "add_node", "add_edge", "delete_edge", "insert")


def mutated(graph: Graph, config: TopologyConfig, rng: np.random.Generator) -> Graph:
    """Return a graph one mutation away; possible kinds are drawn by their probabilities."""
    moves = {kind: MOVES[kind](graph, config) for kind in KINDS}
    chances = np.array([getattr(config, kind) * bool(moves[kind]) for kind in KINDS], dtype=float)
    if not chances.sum():  # no kind is possible, or all possible kinds have probability 0
        return _other_kernel(graph, config, rng)
    kind = KINDS[int(rng.choice(len(KINDS), p=chances / chances.sum()))]
    move = moves[kind][int(rng.integers(len(moves[kind])))]
    return APPLY[kind](graph, move, config, rng)


def insertions(graph: Graph, config: TopologyConfig) -> list[tuple[tuple[int, int], int]]:
    """Return every (edge, kernel) with which a convolution can be inserted."""
    if len(graph.nodes) >= config.nodes:
        return []
    edges = sorted(graph.edges, key=lambda edge: edge[::-1])
    return [(edge, kernel) for edge in edges for kernel in config.kernels]


def inserted(graph: Graph, edge: tuple[int, int], kernel: int, config: TopologyConfig) -> Graph:
    """Return the graph with a convolution in an edge; it keeps the number of channels."""
    number = _new_id(graph, edge, config)
    channels = config.channels if edge[0] == SOURCE else graph.nodes[edge[0]].channels
    larger = graph.with_node(number, Convolution(channels, kernel, False))
    return larger.with_edges([(edge[0], number), (number, edge[1])], [edge])


def branches(graph: Graph, config: TopologyConfig) -> list[tuple[tuple[int, int], int, bool]]:
    """Return every ((source, target), kernel, pool) of a branch that can be added."""
    return [
        (pair, kernel, pool)
        for pair in _branches(graph, config)
        for kernel in config.kernels
        for pool in _halving(graph, pair, config)
    ]


def branched(
    graph: Graph, pair: tuple[int, int], kernel: int, pool: bool, config: TopologyConfig
) -> Graph:
    """Return the graph with a new convolution between two nodes."""
    source, target = pair
    number = _new_id(graph, pair, config)
    larger = graph.with_node(number, Convolution(config.channels, kernel, pool))
    return larger.with_edges([(source, number), (number, target)])


def bred(first: Graph, second: Graph, rng: np.random.Generator) -> Graph:
    """Return the first graph with some nodes and edges of the second.

    Nodes with the same id count as the same node. With innovation numbers they are at the same
    place; counted ids of unrelated lineages may belong to nodes at different places. Each such
    node comes from either graph with probability 1/2; each edge of the second graph between nodes
    of the first is added with probability 1/2 if it makes no cycle.
    """
    nodes = {
        number: (node, second.nodes.get(number, node))[int(rng.integers(2))]
        for number, node in first.nodes.items()
    }
    child = Graph(nodes, first.edges)
    ids = {SOURCE, SINK, *nodes}
    for edge in sorted(second.edges - first.edges):
        if set(edge) <= ids and rng.random() < 0.5 and edge[1] not in child.ancestors(edge[0]):
            child = child.with_edges([edge])
    return child


def _new_id(graph: Graph, pair: tuple[int, int], config: TopologyConfig) -> int:
    """Return the id of a convolution to be added between two nodes."""
    return graph.innovation(*pair) if config.ids == "innovation" else graph.next_id


def _doublings(graph: Graph, config: TopologyConfig) -> list[int]:
    most = config.channels * 2**config.doublings
    return [n for n, node in sorted(graph.nodes.items()) if node.channels * 2 <= most]


def _double(graph: Graph, number: int, config: TopologyConfig, rng: np.random.Generator) -> Graph:
    node = graph.nodes[number]
    return graph.with_node(number, Convolution(node.channels * 2, node.kernel, node.pool))


def _pairs(graph: Graph) -> list[tuple[int, int]]:
    """Return (source, target) pairs; an edge makes no cycle and shrinks no input of the target."""
    pairs = []
    for target in [*graph.order, SINK]:
        for source in [SOURCE, *graph.order]:
            if source == target or target in graph.ancestors(source):
                continue
            if target == SINK or graph.levels[source] <= graph.level_in(target):
                pairs.append((source, target))
    return pairs


def _branches(graph: Graph, config: TopologyConfig) -> list[tuple[int, int]]:
    return _pairs(graph) if len(graph.nodes) < config.nodes else []


def _may_halve(graph: Graph, pair: tuple[int, int]) -> bool:
    """Whether a branch may halve its map without shrinking the target's input."""
    source, target = pair
    return target == SINK or graph.levels[source] < graph.level_in(target)


def _halving(graph: Graph, pair: tuple[int, int], config: TopologyConfig) -> list[bool]:
    """Return the possible values of `pool` for a new branch."""
    chance = config.pool if _may_halve(graph, pair) else 0.0
    return [pool for pool in (False, True) if (chance > 0 if pool else chance < 1)]


def _branch(
    graph: Graph, pair: tuple[int, int], config: TopologyConfig, rng: np.random.Generator
) -> Graph:
    kernel = config.kernels[int(rng.integers(len(config.kernels)))]
    pool = bool(_may_halve(graph, pair) and rng.random() < config.pool)
    return branched(graph, pair, kernel, pool, config)


def _new_edges(graph: Graph, config: TopologyConfig) -> list[tuple[int, int]]:
    return [pair for pair in _pairs(graph) if pair not in graph.edges]


def _add_edge(
    graph: Graph, pair: tuple[int, int], config: TopologyConfig, rng: np.random.Generator
) -> Graph:
    return graph.with_edges([pair])


def _spare_edges(graph: Graph, config: TopologyConfig) -> list[tuple[int, int]]:
    edges = sorted(graph.edges)
    return [edge for edge in edges if graph.with_edges(removed=[edge]).is_valid]


def _delete_edge(
    graph: Graph, edge: tuple[int, int], config: TopologyConfig, rng: np.random.Generator
) -> Graph:
    return graph.with_edges(removed=[edge])


def _insert(graph: Graph, move: Any, config: TopologyConfig, rng: np.random.Generator) -> Graph:
    edge, kernel = move
    return inserted(graph, edge, kernel, config)


def _other_kernel(graph: Graph, config: TopologyConfig, rng: np.random.Generator) -> Graph:
    number = sorted(graph.nodes)[int(rng.integers(len(graph.nodes)))]
    node = graph.nodes[number]
    others = [kernel for kernel in config.kernels if kernel != node.kernel]
    kernel = others[int(rng.integers(len(others)))]
    return graph.with_node(number, Convolution(node.channels, kernel, node.pool))


MOVES: dict[str, Any] = {
    "double": _doublings,
    "add_node": _branches,
    "add_edge": _new_edges,
    "delete_edge": _spare_edges,
    "insert": insertions,
}
APPLY: dict[str, Any] = {
    "double": _double,
    "add_node": _branch,
    "add_edge": _add_edge,
    "delete_edge": _delete_edge,
    "insert": _insert,
}
