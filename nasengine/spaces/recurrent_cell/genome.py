"""The genome of space `recurrent-cell`, {"nodes": [[function, source], ...]}, and its rules."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ...core.decision import Decision
from ...core.errors import InvalidArchitecture
from ..common.membership import shown

A_NODE = 2  # decisions: input, function


def check_genome(genome: Any, nodes: int, functions: tuple[str, ...]) -> None:
    """Holds any JSON value against the rules.

    Raises:
        InvalidArchitecture: the first broken rule, with the value.
    """
    found = genome.get("nodes") if isinstance(genome, dict) and set(genome) == {"nodes"} else None
    if not isinstance(found, list) or len(found) != nodes:
        raise InvalidArchitecture(
            f'the genome is {shown(genome)}: it must be {{"nodes": [...]}} with {nodes} nodes, '
            "as the space's settings say"
        )
    for place, one in enumerate(found, start=1):
        if not isinstance(one, list) or len(one) != A_NODE:
            raise InvalidArchitecture(
                f"node {place} is {shown(one)}: it must be [function, source]"
            )
        function, source = one
        if not isinstance(function, str) or function not in functions:
            raise InvalidArchitecture(
                f"node {place} applies {shown(function)}: choose one of {', '.join(functions)}"
            )
        if type(source) is not int or not 0 <= source < place:
            raise InvalidArchitecture(
                f"node {place} reads {shown(source)}: it may read 0 to {place - 1}"
            )


@lru_cache(maxsize=32)
def decisions(nodes: int, functions: tuple[str, ...]) -> tuple[Decision, ...]:
    """For each node its input and its function; a node is a block, node 0 is none."""
    found = []
    for block in range(nodes):
        inputs = tuple(map(str, range(block + 1)))
        sources = tuple(range(-1, block))
        found.append(Decision(f"node {block + 1} input", inputs, "input", block, sources))
        found.append(Decision(f"node {block + 1} op", functions, "op", block))
    return tuple(found)


def choices_of(nodes: list[list[Any]], functions: tuple[str, ...]) -> tuple[int, ...]:
    """The sequence of a genome's nodes."""
    return tuple(one for op, source in nodes for one in (source, functions.index(op)))


def nodes_of(choices: Sequence[int], functions: tuple[str, ...]) -> list[list[Any]]:
    """The nodes of a sequence."""
    pairs = zip(choices[::A_NODE], choices[1::A_NODE], strict=True)
    return [[functions[op], int(source)] for source, op in pairs]
