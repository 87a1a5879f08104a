"""The genome of space `recurrent-cell`, {"nodes": [[function, source], ...]}, and its rules.

Node 0 joins word and state and is not listed; the nodes of the genome are numbered from 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ...core.decision import Decision
from ...core.errors import InvalidArchitecture
from ...core.text import shorten
from ..common.labelling import Vertex, canonical_order

DECISIONS_PER_NODE = 2  # input, function


def check_genome(genome: Any, nodes: int, functions: tuple[str, ...]) -> None:
    """Check that a JSON value is a genome with this number of nodes.

    Raises:
        InvalidArchitecture: names the first broken rule and the value.
    """
    pairs = genome.get("nodes") if isinstance(genome, dict) and set(genome) == {"nodes"} else None
    if not isinstance(pairs, list) or len(pairs) != nodes:
        raise InvalidArchitecture(
            f'the genome is {shorten(genome)}: it must be {{"nodes": [...]}} with {nodes} nodes, '
            "as the space's settings require"
        )
    for number, pair in enumerate(pairs, start=1):
        if not isinstance(pair, list) or len(pair) != 2:
            raise InvalidArchitecture(
                f"node {number} is {shorten(pair)}: it must be [function, source]"
            )
        function, source = pair
        if not isinstance(function, str) or function not in functions:
            raise InvalidArchitecture(
                f"node {number} has the function {shorten(function)}: "
                f"choose one of {', '.join(functions)}"
            )
        if type(source) is not int or not 0 <= source < number:
            raise InvalidArchitecture(
                f"node {number} has the source {shorten(source)}: it must be 0 to {number - 1}"
            )


def canonical(nodes: list[list[Any]]) -> list[list[Any]]:
    """Return isomorphic nodes, the same ones for all that differ in the order of nodes."""
    vertices = {
        number: Vertex(function, (("", source),))
        for number, (function, source) in enumerate(nodes, start=1)
    }
    order = canonical_order(vertices)
    position = {0: 0, **{number: place for place, number in enumerate(order, start=1)}}
    return [[nodes[number - 1][0], position[nodes[number - 1][1]]] for number in order]


@lru_cache(maxsize=32)
def decisions(nodes: int, functions: tuple[str, ...]) -> tuple[Decision, ...]:
    """Return the input and the function of each node; a node is a block, without node 0."""
    decided = []
    for block in range(nodes):
        inputs = tuple(map(str, range(block + 1)))
        sources = tuple(range(-1, block))
        decided.append(Decision(f"node {block + 1} input", inputs, "input", block, sources))
        decided.append(Decision(f"node {block + 1} op", functions, "op", block))
    return tuple(decided)


def choices_of(nodes: list[list[Any]], functions: tuple[str, ...]) -> tuple[int, ...]:
    """Return the option indices of nodes."""
    return tuple(choice for op, source in nodes for choice in (source, functions.index(op)))


def joined(nodes: list[list[Any]], output: str) -> list[int]:
    """Return the numbers of the nodes whose mean is the next state.

    Args:
        nodes: [function, source] pairs.
        output: "all", or "leaves" for the nodes that no node reads.
    """
    read = {source for _, source in nodes} if output == "leaves" else set()
    return [number for number in range(1, len(nodes) + 1) if number not in read]


def nodes_of(choices: Sequence[int], functions: tuple[str, ...]) -> list[list[Any]]:
    """Return the nodes of option indices."""
    pairs = zip(choices[::DECISIONS_PER_NODE], choices[1::DECISIONS_PER_NODE], strict=True)
    return [[functions[op], int(source)] for source, op in pairs]
