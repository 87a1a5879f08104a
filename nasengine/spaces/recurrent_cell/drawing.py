"""Drawing and one-line text of a recurrent cell."""

from __future__ import annotations

from typing import Any

from ..common.operations import OPERATIONS, edge, node
from ..common.supernet import relaxed_edges

INPUTS = ("x", "h")
OUTPUT = "h'"


def draw_nodes(nodes: list[list[Any]], joined: list[int]) -> dict[str, Any]:
    """Return the drawing of a cell; x is the word, h the state before it, h' the state after it.

    Args:
        nodes: [function, source] pairs.
        joined: Numbers of the nodes whose mean is h'.
    """
    between = [edge(str(source), str(number), op) for number, (op, source) in _numbered(nodes)]
    return _drawing(len(nodes), between, joined)


def draw_supernet(nodes: int, operations: tuple[str, ...]) -> dict[str, Any]:
    """Return the drawing of the supernet, edges in the order of the alphas."""
    ends = [
        (str(source), str(target)) for target in range(1, nodes + 1) for source in range(target)
    ]
    return _drawing(nodes, relaxed_edges(ends, operations), list(range(1, nodes + 1)))


def write_nodes(nodes: list[list[Any]]) -> str:
    """Return a cell as one line, such as "1=sigmoid<-0 2=relu<-1"."""
    return " ".join(
        f"{number}={OPERATIONS[op].short}<-{source}" for number, (op, source) in _numbered(nodes)
    )


def _numbered(nodes: list[list[Any]]) -> list[tuple[int, list[Any]]]:
    return list(enumerate(nodes, start=1))


def _drawing(count: int, between: list[dict[str, Any]], joined: list[int]) -> dict[str, Any]:
    names = [str(number) for number in range(count + 1)]
    nodes = [node(name, "input") for name in INPUTS]
    nodes += [node(name, "node") for name in names]
    nodes.append(node(OUTPUT, "output"))
    edges = [edge(name, names[0], "concat") for name in INPUTS]
    edges += between
    edges += [edge(names[number], OUTPUT, "mean") for number in joined]
    return {"cells": [{"name": "cell", "nodes": nodes, "edges": edges}]}
