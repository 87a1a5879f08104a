"""Checks that a JSON value is a genome of space `topology`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.errors import InvalidArchitecture
from ...core.text import shorten
from .graph import FIRST, MAX_ID, SINK, SOURCE, Graph

if TYPE_CHECKING:
    from .config import TopologyConfig


def check_genome(genome: Any, config: TopologyConfig) -> None:
    """Check that a JSON value is a genome within the limits of the settings.

    Raises:
        InvalidArchitecture: names the first broken rule, the place and the value.
    """
    if not isinstance(genome, dict) or set(genome) != {"nodes", "edges"}:
        raise InvalidArchitecture(
            f"the genome is {shorten(genome)}: it must be an object with nodes and edges"
        )
    nodes, edges = genome["nodes"], genome["edges"]
    if not isinstance(nodes, list) or not 1 <= len(nodes) <= config.nodes:
        raise InvalidArchitecture(
            f"the nodes are {shorten(nodes)}: they must be a list of 1 to {config.nodes}"
        )
    for node in nodes:
        _check_node(node, config)
    numbers = [node[0] for node in nodes]
    _check_edges(edges, {SOURCE, SINK, *numbers})
    graph = Graph.from_genome(genome)
    if len(set(numbers)) < len(numbers) or graph.to_genome() != genome:
        raise InvalidArchitecture(
            "the genome is not sorted or has duplicates: list nodes by id, and edges by target, "
            "then by source, each once"
        )
    if not graph.is_valid:
        raise InvalidArchitecture(
            "the graph has a cycle or a node outside all paths from source to sink: every node "
            "must be on a path from 0 to 1"
        )


def _check_node(node: Any, config: TopologyConfig) -> None:
    if not isinstance(node, list) or len(node) != 4:
        raise InvalidArchitecture(
            f"a node is {shorten(node)}: it must be [id, channels, kernel, pool]"
        )
    number, channels, kernel, pool = node
    last = MAX_ID if config.ids == "innovation" else config.nodes + FIRST - 1
    if type(number) is not int or not FIRST <= number <= last:
        raise InvalidArchitecture(f"a node has id {shorten(number)}: it must be {FIRST} to {last}")
    widths = [config.channels * 2**times for times in range(config.doublings + 1)]
    if type(channels) is not int or channels not in widths:
        options = ", ".join(map(str, widths))
        raise InvalidArchitecture(
            f"node {number} has channels {shorten(channels)}: choose one of {options}"
        )
    if type(kernel) is not int or kernel not in config.kernels:
        options = ", ".join(map(str, config.kernels))
        raise InvalidArchitecture(
            f"node {number} has kernel {shorten(kernel)}: choose one of {options}"
        )
    if not isinstance(pool, bool):
        raise InvalidArchitecture(
            f"node {number} has pool {shorten(pool)}: it must be true or false"
        )


def _check_edges(edges: Any, ids: set[int]) -> None:
    if not isinstance(edges, list):
        raise InvalidArchitecture(f"the edges are {shorten(edges)}: they must be a list")
    for edge in edges:
        fits = isinstance(edge, list) and len(edge) == 2 and all(type(n) is int for n in edge)
        if not fits or not set(edge) <= ids or edge[0] == SINK or edge[1] == SOURCE:
            raise InvalidArchitecture(
                f"an edge is {shorten(edge)}: it must be [from, to], two ids of nodes; no edge may "
                "leave 1 (the sink) or enter 0 (the source)"
            )
