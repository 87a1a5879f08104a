"""The five mutations of a topology (1809.03242), and breeding.

Double a convolution's channels; add a convolution between two nodes; add an edge; delete an
edge; insert a convolution into an edge. All keep the graph whole, and what they add can begin
without changing the answer of the network: an inserted node as the identity, a new branch or
edge with weights of zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .graph import SINK, SOURCE, Convolution, Graph

KINDS = ("double", "add_node", "add_edge", "delete_edge", "insert")


def mutated(graph: Graph, config: Any, rng: np.random.Generator) -> Graph:
    """A graph one mutation away: a kind by its chance, among those that are possible."""
    moves = {kind: MOVES[kind](graph, config) for kind in KINDS}
    chances = np.array([getattr(config, kind) * bool(moves[kind]) for kind in KINDS], dtype=float)
    if not chances.sum():  # every limit reached at once, or every chance that is left 0
        return _other_kernel(graph, config, rng)
    kind = KINDS[int(rng.choice(len(KINDS), p=chances / chances.sum()))]
    move = moves[kind][int(rng.integers(len(moves[kind])))]
    return MADE[kind](graph, move, config, rng)


def insertions(graph: Graph, config: Any) -> list[tuple[tuple[int, int], int]]:
    """Every edge with every kernel that a convolution could be inserted with."""
    if len(graph.nodes) >= config.nodes:
        return []
    edges = sorted(graph.edges, key=lambda edge: edge[::-1])
    return [(edge, kernel) for edge in edges for kernel in config.kernels]


def inserted(graph: Graph, edge: tuple[int, int], kernel: int, config: Any) -> Graph:
    """A convolution of the channels it reads in the middle of an edge."""
    number = graph.next_id
    channels = config.channels if edge[0] == SOURCE else graph.nodes[edge[0]].channels
    made = graph.with_node(number, Convolution(channels, kernel, False))
    return made.with_edges([(edge[0], number), (number, edge[1])], [edge])


def branches(graph: Graph, config: Any) -> list[tuple[tuple[int, int], int, bool]]:
    """Every branch that could be added: from where to where, kernel, whether it halves its map."""
    return [
        (pair, kernel, pool)
        for pair in _branches(graph, config)
        for kernel in config.kernels
        for pool in _halving(graph, pair, config)
    ]


def branched(graph: Graph, pair: tuple[int, int], kernel: int, pool: bool, config: Any) -> Graph:
    """A convolution of the first size beside whatever leads from one node to another."""
    source, target = pair
    number = graph.next_id
    made = graph.with_node(number, Convolution(config.channels, kernel, pool))
    return made.with_edges([(source, number), (number, target)])


def bred(first: Graph, second: Graph, rng: np.random.Generator) -> Graph:
    """The first graph; nodes that both have from either, edges of the second with even chance.

    Nodes are the same where they have the same id, as in lineages that share an ancestor.
    """
    nodes = {
        number: (node, second.nodes.get(number, node))[int(rng.integers(2))]
        for number, node in first.nodes.items()
    }
    child = Graph(nodes, first.edges)
    known = {SOURCE, SINK, *nodes}
    for edge in sorted(second.edges - first.edges):
        if set(edge) <= known and rng.random() < 0.5 and edge[1] not in child.before(edge[0]):
            child = child.with_edges([edge])
    return child


def _doublings(graph: Graph, config: Any) -> list[int]:
    most = config.channels * 2**config.doublings
    return [n for n, node in sorted(graph.nodes.items()) if node.channels * 2 <= most]


def _double(graph: Graph, number: int, config: Any, rng: np.random.Generator) -> Graph:
    node = graph.nodes[number]
    return graph.with_node(number, Convolution(node.channels * 2, node.kernel, node.pool))


def _pairs(graph: Graph) -> list[tuple[int, int]]:
    """(a, b) such that an edge from a to b makes no cycle and does not shrink what b reads."""
    found = []
    for target in [*graph.order, SINK]:
        for source in [SOURCE, *graph.order]:
            if source == target or target in graph.before(source):
                continue
            if target == SINK or graph.levels[source] <= graph.level_in(target):
                found.append((source, target))
    return found


def _branches(graph: Graph, config: Any) -> list[tuple[int, int]]:
    return _pairs(graph) if len(graph.nodes) < config.nodes else []


def _may_halve(graph: Graph, pair: tuple[int, int]) -> bool:
    """Whether a branch may halve its map without shrinking what its target reads."""
    source, target = pair
    return target == SINK or graph.levels[source] < graph.level_in(target)


def _halving(graph: Graph, pair: tuple[int, int], config: Any) -> list[bool]:
    """Whether a new branch halves its map: the answers that chance could give."""
    chance = config.pool if _may_halve(graph, pair) else 0.0
    return [pool for pool in (False, True) if (chance > 0 if pool else chance < 1)]


def _branch(graph: Graph, pair: tuple[int, int], config: Any, rng: np.random.Generator) -> Graph:
    kernel = config.kernels[int(rng.integers(len(config.kernels)))]
    pool = bool(_may_halve(graph, pair) and rng.random() < config.pool)
    return branched(graph, pair, kernel, pool, config)


def _new_edges(graph: Graph, config: Any) -> list[tuple[int, int]]:
    return [pair for pair in _pairs(graph) if pair not in graph.edges]


def _add_edge(graph: Graph, pair: tuple[int, int], config: Any, rng: np.random.Generator) -> Graph:
    return graph.with_edges([pair])


def _spare_edges(graph: Graph, config: Any) -> list[tuple[int, int]]:
    edges = sorted(graph.edges)
    return [edge for edge in edges if graph.with_edges(removed=[edge]).whole]


def _delete_edge(
    graph: Graph, edge: tuple[int, int], config: Any, rng: np.random.Generator
) -> Graph:
    return graph.with_edges(removed=[edge])


def _insert(graph: Graph, move: Any, config: Any, rng: np.random.Generator) -> Graph:
    edge, kernel = move
    return inserted(graph, edge, kernel, config)


def _other_kernel(graph: Graph, config: Any, rng: np.random.Generator) -> Graph:
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
MADE: dict[str, Any] = {
    "double": _double,
    "add_node": _branch,
    "add_edge": _add_edge,
    "delete_edge": _delete_edge,
    "insert": _insert,
}
