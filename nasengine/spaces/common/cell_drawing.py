"""How a cell of space `cell` is drawn and written."""

from __future__ import annotations

from typing import Any

from .operations import OPERATIONS, edge, node

INPUTS = ("k-2", "k-1")
OUTPUT = "k"


def draw_cell(name: str, one: dict[str, Any]) -> dict[str, Any]:
    """The drawing of one cell, see docs/graphs.md.

    The inputs are named k-2 and k-1 after the cells they come from, the output k, the
    nodes by their index. A pair that occurs twice is drawn as two edges.
    """
    nodes = [node(source, "input") for source in INPUTS]
    edges = []
    for index, pairs in enumerate(one["nodes"], start=2):
        nodes.append(node(str(index), "node"))
        edges += [edge(_id(source), str(index), op) for op, source in pairs]
    nodes.append(node(OUTPUT, "output"))
    edges += [edge(_id(index), OUTPUT, "concat") for index in one["concat"]]
    return {"name": name, "nodes": nodes, "edges": edges}


def write_cell(one: dict[str, Any]) -> str:
    """A cell on one line: 2=sep3<-0+max<-1 3=... concat 2,3; full concat is left out."""
    words = [
        f"{index}=" + "+".join(f"{OPERATIONS[op].short}<-{source}" for op, source in pairs)
        for index, pairs in enumerate(one["nodes"], start=2)
    ]
    if one["concat"] != list(range(2, len(one["nodes"]) + 2)):
        words.append("concat " + ",".join(map(str, one["concat"])))
    return " ".join(words)


def _id(index: int) -> str:
    return INPUTS[index] if index < 2 else str(index)
