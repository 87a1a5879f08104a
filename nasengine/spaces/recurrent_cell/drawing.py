"""How a recurrent cell is drawn and written."""

from __future__ import annotations

from typing import Any

from ..common.operations import OPERATIONS, edge, node
from ..common.supernet import relaxed_edges

INPUTS = ("x", "h")
OUTPUT = "h'"


def draw_nodes(nodes: list[list[Any]]) -> dict[str, Any]:
    """The drawing of one cell: x is the word, h the state before it, h' the state behind it."""
    between = [edge(str(source), str(place), op) for place, (op, source) in _placed(nodes)]
    return _drawn(len(nodes), between)


def draw_supernet(nodes: int, operations: tuple[str, ...]) -> dict[str, Any]:
    """The cell with every operation on every edge, in the order of the parameters."""
    ends = [
        (str(source), str(target)) for target in range(1, nodes + 1) for source in range(target)
    ]
    return _drawn(nodes, relaxed_edges(ends, operations))


def write_nodes(nodes: list[list[Any]]) -> str:
    """A cell on one line: 1=sigmoid<-0 2=relu<-1 ..."""
    return " ".join(
        f"{place}={OPERATIONS[op].short}<-{source}" for place, (op, source) in _placed(nodes)
    )


def _placed(nodes: list[list[Any]]) -> list[tuple[int, list[Any]]]:
    return list(enumerate(nodes, start=1))


def _drawn(count: int, between: list[dict[str, Any]]) -> dict[str, Any]:
    names = [str(place) for place in range(count + 1)]
    nodes = [node(name, "input") for name in INPUTS]
    nodes += [node(name, "node") for name in names]
    nodes.append(node(OUTPUT, "output"))
    edges = [edge(name, names[0], "concat") for name in INPUTS]
    edges += between
    edges += [edge(name, OUTPUT, "mean") for name in names[1:]]
    return {"cells": [{"name": "cell", "nodes": nodes, "edges": edges}]}
