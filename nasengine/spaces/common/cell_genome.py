"""The genome of a normal and a reduction cell: its form, its canonical order, and its rules.

{"normal": CELL, "reduce": CELL} with CELL = {"nodes": [NODE ...], "concat": [index ...]} and
NODE = [[op, input], [op, input]]. Indices 0 and 1 are the outputs of the two previous cells, 2
and up are the nodes in order. A node is the sum of its two pairs, so their order has no
meaning; the canonical form sorts them by input, then by operation.
"""

from __future__ import annotations

from typing import Any

from ...core.errors import InvalidArchitecture
from ...core.text import shorten
from .labelling import Vertex, canonical_order

CELLS = ("normal", "reduce")
Pair = list[Any]
Genome = dict[str, dict[str, Any]]


def node(*pairs: Pair) -> list[Pair]:
    """Return a node with its pairs in canonical order."""
    return sorted(([op, source] for op, source in pairs), key=lambda pair: (pair[1], pair[0]))


def cell(nodes: list[list[Pair]], concat: list[int] | None = None) -> dict[str, Any]:
    """Return a cell in canonical form; without `concat`, its output joins all nodes."""
    joined = range(2, len(nodes) + 2) if concat is None else concat
    return {"nodes": [node(*pairs) for pairs in nodes], "concat": sorted(joined)}


def unused(nodes: list[list[Pair]]) -> list[int]:
    """Return the nodes that no other node reads: NASNet, ENAS and RENAS concatenate them."""
    read = {source for pairs in nodes for _, source in pairs}
    return [index for index in range(2, len(nodes) + 2) if index not in read]


def live(cell: dict[str, Any]) -> list[int]:
    """Return the nodes that reach the output of a cell, ascending; only they are built."""
    reached = set(cell["concat"])
    for index in range(len(cell["nodes"]) + 1, 1, -1):
        if index in reached:
            reached |= {source for _, source in cell["nodes"][index - 2]}
    return sorted(index for index in reached if index >= 2)


def canonical(cell: dict[str, Any]) -> dict[str, Any]:
    """Return an isomorphic cell, the same one for all cells that differ in the order of nodes.

    Nodes that do not reach the output are not built. They become copies of one node with the
    operations of the first node, at the end of the cell.
    """
    used = live(cell)
    vertices = {
        index: Vertex(
            "joined" if index in cell["concat"] else "read",
            tuple((op, source) for op, source in cell["nodes"][index - 2]),
        )
        for index in used
    }
    order = canonical_order(vertices)
    position = {0: 0, 1: 1, **{index: place for place, index in enumerate(order, start=2)}}
    nodes = [
        node(*([op, position[source]] for op, source in cell["nodes"][index - 2]))
        for index in order
    ]
    first, second = (op for op, _ in nodes[0])
    nodes += [node([first, 0], [second, 1])] * (len(cell["nodes"]) - len(nodes))
    return {"nodes": nodes, "concat": sorted(position[index] for index in cell["concat"])}


def check_genome(genome: Any, nodes: int, operations: tuple[str, ...]) -> None:
    """Check that a JSON value is a genome with `nodes` nodes in each cell.

    Raises:
        InvalidArchitecture: names the first broken rule, the place and the value.
    """
    if not isinstance(genome, dict) or set(genome) != set(CELLS):
        raise InvalidArchitecture(
            f"the genome is {shorten(genome)}: it must be an object with normal and reduce"
        )
    for name in CELLS:
        _check_cell(name, genome[name], nodes, operations)


def check_node(name: str, index: int, pairs: Any, operations: tuple[str, ...]) -> None:
    """Check that a JSON value is a node that reads only inputs below `index`.

    Args:
        name: The node in messages, such as "node 3 of cell normal".
        index: Index of the node.
        pairs: The value.
        operations: Allowed operations.

    Raises:
        InvalidArchitecture: names the first broken rule, the place and the value.
    """
    if not isinstance(pairs, list) or len(pairs) != 2:
        raise InvalidArchitecture(
            f"{name} is {shorten(pairs)}: it must be a list of two [op, input] pairs"
        )
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2:
            raise InvalidArchitecture(f"{name} has {shorten(pair)}: a pair must be [op, input]")
        op, source = pair
        if not isinstance(op, str) or op not in operations:
            options = ", ".join(operations)
            raise InvalidArchitecture(f"{name} has the op {shorten(op)}: choose one of {options}")
        if type(source) is not int or not 0 <= source < index:
            raise InvalidArchitecture(
                f"{name} has the input {shorten(source)}: it must be 0 to {index - 1}, "
                "an earlier node or an input of the cell"
            )
    if node(*pairs) != pairs:
        raise InvalidArchitecture(
            f"{name} is {shorten(pairs)}: sort its pairs by input, then by op: {node(*pairs)}"
        )


def _check_cell(name: str, cell: Any, nodes: int, operations: tuple[str, ...]) -> None:
    if not isinstance(cell, dict) or set(cell) != {"nodes", "concat"}:
        raise InvalidArchitecture(
            f"cell {name} is {shorten(cell)}: it must be an object with nodes and concat"
        )
    if not isinstance(cell["nodes"], list) or len(cell["nodes"]) != nodes:
        raise InvalidArchitecture(
            f"the nodes of cell {name} are {shorten(cell['nodes'])}: "
            f"they must be a list of {nodes}, as the space's settings require"
        )
    for index, pairs in enumerate(cell["nodes"], start=2):
        check_node(f"node {index} of cell {name}", index, pairs, operations)
    _check_concat(name, cell["concat"], nodes)


def _check_concat(name: str, concat: Any, nodes: int) -> None:
    # The inputs of a reduction cell are twice as high and wide as its output.
    lowest = 0 if name == "normal" else 2
    fits = isinstance(concat, list) and all(
        type(index) is int and lowest <= index <= nodes + 1 for index in concat
    )
    if not fits or sorted(set(concat)) != concat or not any(index >= 2 for index in concat):
        raise InvalidArchitecture(
            f"the concat of cell {name} is {shorten(concat)}: it must list indices from {lowest} "
            f"to {nodes + 1}, ascending, each once, and at least one node (2 and up)"
        )
