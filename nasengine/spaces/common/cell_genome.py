"""The genome of space `cell`: its form, its canonical order, and its rules.

{"normal": CELL, "reduce": CELL} with CELL = {"nodes": NODE x nodes, "concat": [index ...]}
and NODE = [[op, input], [op, input]]. Indices 0 and 1 are the outputs of the two cells
before, 2 and up the nodes in order. A node is the sum of its two pairs, so their order
means nothing; the canonical form lists them by input, then by name of the op.
"""

from __future__ import annotations

from typing import Any

from ...core.errors import InvalidArchitecture
from .membership import shown

CELLS = ("normal", "reduce")
Pair = list[Any]
Genome = dict[str, dict[str, Any]]


def node(*pairs: Pair) -> list[Pair]:
    """A node with its pairs in canonical order."""
    return sorted(([op, source] for op, source in pairs), key=lambda pair: (pair[1], pair[0]))


def cell(nodes: list[list[Pair]], concat: list[int] | None = None) -> dict[str, Any]:
    """A cell in canonical form; without `concat` its output joins all nodes."""
    joined = range(2, len(nodes) + 2) if concat is None else concat
    return {"nodes": [node(*pairs) for pairs in nodes], "concat": sorted(joined)}


def unused(nodes: list[list[Pair]]) -> list[int]:
    """The nodes that no other node reads: what NASNet, ENAS and RENAS concatenate."""
    read = {source for pairs in nodes for _, source in pairs}
    return [index for index in range(2, len(nodes) + 2) if index not in read]


def live(one: dict[str, Any]) -> list[int]:
    """The nodes that reach the cell's output, ascending; the others are never built."""
    reached = set(one["concat"])
    for index in range(len(one["nodes"]) + 1, 1, -1):
        if index in reached:
            reached |= {source for _, source in one["nodes"][index - 2]}
    return sorted(index for index in reached if index >= 2)


def check_genome(genome: Any, nodes: int, operations: tuple[str, ...]) -> None:
    """Holds any JSON value against the rules.

    Raises:
        InvalidArchitecture: the first broken rule, with the place and the value.
    """
    if not isinstance(genome, dict) or set(genome) != set(CELLS):
        raise InvalidArchitecture(
            f"the genome is {shown(genome)}: it must be an object with normal and reduce"
        )
    for name in CELLS:
        _check_cell(name, genome[name], nodes, operations)


def _check_cell(name: str, one: Any, nodes: int, operations: tuple[str, ...]) -> None:
    if not isinstance(one, dict) or set(one) != {"nodes", "concat"}:
        raise InvalidArchitecture(
            f"cell {name} is {shown(one)}: it must be an object with nodes and concat"
        )
    if not isinstance(one["nodes"], list) or len(one["nodes"]) != nodes:
        raise InvalidArchitecture(
            f"the nodes of cell {name} are {shown(one['nodes'])}: "
            f"they must be a list of {nodes}, as the space's settings say"
        )
    for index, pairs in enumerate(one["nodes"], start=2):
        check_node(f"node {index} of cell {name}", index, pairs, operations)
    _check_concat(name, one["concat"], nodes)


def check_node(place: str, index: int, pairs: Any, operations: tuple[str, ...]) -> None:
    """Holds any JSON value against the rules of a node that may read inputs below `index`.

    Raises:
        InvalidArchitecture: the first broken rule, with the place and the value.
    """
    if not isinstance(pairs, list) or len(pairs) != 2:
        raise InvalidArchitecture(
            f"{place} is {shown(pairs)}: it must be a list of two [op, input] pairs"
        )
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2:
            raise InvalidArchitecture(f"{place} has {shown(pair)}: a pair must be [op, input]")
        op, source = pair
        if not isinstance(op, str) or op not in operations:
            known = ", ".join(operations)
            raise InvalidArchitecture(f"{place} has the op {shown(op)}: choose one of {known}")
        if type(source) is not int or not 0 <= source < index:
            raise InvalidArchitecture(
                f"{place} has the input {shown(source)}: choose 0 to {index - 1}, "
                "so that no node reads itself or a later one"
            )
    if node(*pairs) != pairs:
        raise InvalidArchitecture(
            f"{place} is {shown(pairs)}: list its pairs by input, then by name, {node(*pairs)}"
        )


def _check_concat(name: str, concat: Any, nodes: int) -> None:
    # The inputs of a reduction cell have twice its output's height and width.
    least = 0 if name == "normal" else 2
    fits = isinstance(concat, list) and all(
        type(index) is int and least <= index <= nodes + 1 for index in concat
    )
    if not fits or sorted(set(concat)) != concat or not any(index >= 2 for index in concat):
        raise InvalidArchitecture(
            f"the concat of cell {name} is {shown(concat)}: it must list, ascending and once "
            f"each, indices from {least} to {nodes + 1}, at least one of them a node (2 and up)"
        )
