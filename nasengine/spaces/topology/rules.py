"""Whether a JSON value is a genome of space `topology`."""

from __future__ import annotations

from typing import Any

from ...core.errors import InvalidArchitecture
from ..common.membership import shown
from .graph import FIRST, SINK, SOURCE, Graph


def check_genome(genome: Any, config: Any) -> None:
    """Holds any JSON value against the rules.

    Raises:
        InvalidArchitecture: the first broken rule, with the place and the value.
    """
    if not isinstance(genome, dict) or set(genome) != {"nodes", "edges"}:
        raise InvalidArchitecture(
            f"the genome is {shown(genome)}: it must be an object with nodes and edges"
        )
    nodes, edges = genome["nodes"], genome["edges"]
    if not isinstance(nodes, list) or not 1 <= len(nodes) <= config.nodes:
        raise InvalidArchitecture(
            f"the nodes are {shown(nodes)}: they must be a list of 1 to {config.nodes}"
        )
    for one in nodes:
        _check_node(one, config)
    numbers = [one[0] for one in nodes]
    _check_edges(edges, {SOURCE, SINK, *numbers})
    graph = Graph.from_genome(genome)
    if len(set(numbers)) < len(numbers) or graph.to_genome() != genome:
        raise InvalidArchitecture(
            "nodes must stand by id, each once, and edges by target, then by source, each once"
        )
    if not graph.whole:
        raise InvalidArchitecture(
            "the graph has a cycle, or a node that does not lie between source and sink: every "
            "node must read something that comes from 0 and be read on the way to 1"
        )


def _check_node(one: Any, config: Any) -> None:
    if not isinstance(one, list) or len(one) != 4:
        raise InvalidArchitecture(
            f"a node is {shown(one)}: it must be [id, channels, kernel, pool]"
        )
    number, channels, kernel, pool = one
    last = config.nodes + FIRST - 1
    if type(number) is not int or not FIRST <= number <= last:
        raise InvalidArchitecture(f"a node has id {shown(number)}: choose {FIRST} to {last}")
    widths = [config.channels * 2**times for times in range(config.doublings + 1)]
    if type(channels) is not int or channels not in widths:
        known = ", ".join(map(str, widths))
        raise InvalidArchitecture(
            f"node {number} has channels {shown(channels)}: choose one of {known}"
        )
    if type(kernel) is not int or kernel not in config.kernels:
        known = ", ".join(map(str, config.kernels))
        raise InvalidArchitecture(
            f"node {number} has kernel {shown(kernel)}: choose one of {known}"
        )
    if not isinstance(pool, bool):
        raise InvalidArchitecture(f"node {number} has pool {shown(pool)}: write true or false")


def _check_edges(edges: Any, known: set[int]) -> None:
    if not isinstance(edges, list):
        raise InvalidArchitecture(f"the edges are {shown(edges)}: they must be a list")
    for edge in edges:
        fits = isinstance(edge, list) and len(edge) == 2 and all(type(n) is int for n in edge)
        if not fits or not set(edge) <= known or edge[0] == SINK or edge[1] == SOURCE:
            raise InvalidArchitecture(
                f"an edge is {shown(edge)}: it must be [from, to], ids of nodes, from 0 (the "
                "source) or to 1 (the sink), not the other way"
            )
