"""Drawings and one-line texts of cells."""

from __future__ import annotations

from typing import Any

from .cell_genome import CELLS
from .operations import OPERATIONS, edge, node
from .supernet import relaxed_edges

INPUTS = ("k-2", "k-1")
OUTPUT = "k"


def draw_cell(name: str, cell: dict[str, Any]) -> dict[str, Any]:
    """Return the drawing of one cell, see docs/graphs.md.

    The inputs are named k-2 and k-1 after the cells they come from, the output k, the nodes by
    their index. A pair that occurs twice is drawn as two edges.
    """
    nodes = [node(source, "input") for source in INPUTS]
    edges = []
    for index, pairs in enumerate(cell["nodes"], start=2):
        nodes.append(node(str(index), "node"))
        edges += [edge(_id(source), str(index), op) for op, source in pairs]
    nodes.append(node(OUTPUT, "output"))
    edges += [edge(_id(index), OUTPUT, "concat") for index in cell["concat"]]
    return {"name": name, "nodes": nodes, "edges": edges}


def draw_supernet_cells(count: int, operations: tuple[str, ...]) -> dict[str, Any]:
    """Return the drawing of both cells of a supernet, edges in the order of the alphas.

    Args:
        count: Number of nodes in a cell.
        operations: The operations of each edge.
    """
    names = [*INPUTS, *(str(index) for index in range(2, count + 2))]
    ends = [(source, target) for target in range(2, len(names)) for source in range(target)]
    nodes = [node(name, "input" if index < 2 else "node") for index, name in enumerate(names)]
    nodes.append(node(OUTPUT, "output"))
    edges = relaxed_edges([(names[source], names[target]) for source, target in ends], operations)
    edges += [edge(name, OUTPUT, "concat") for name in names[2:]]
    return {"cells": [{"name": name, "nodes": nodes, "edges": edges} for name in CELLS]}


def write_cell(cell: dict[str, Any]) -> str:
    """Return a cell as one line, such as "2=sep3<-0+max<-1 3=... concat 2,3".

    The concat is left out if it lists all nodes.
    """
    parts = [
        f"{index}=" + "+".join(f"{OPERATIONS[op].short}<-{source}" for op, source in pairs)
        for index, pairs in enumerate(cell["nodes"], start=2)
    ]
    if cell["concat"] != list(range(2, len(cell["nodes"]) + 2)):
        parts.append("concat " + ",".join(map(str, cell["concat"])))
    return " ".join(parts)


def _id(index: int) -> str:
    return INPUTS[index] if index < 2 else str(index)
