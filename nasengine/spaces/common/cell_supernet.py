"""The shared network of space `cell`: shapes of its architecture parameters, and its drawing."""

from __future__ import annotations

from typing import Any

from ..cell.config import CellConfig
from .cell_drawing import INPUTS, OUTPUT
from .cell_genome import CELLS
from .operations import edge, node
from .supernet import relaxed_edges

Shapes = dict[str, tuple[int, ...]]


def alpha_shapes(config: CellConfig) -> tuple[Shapes, frozenset[str]]:
    """The shape of each of the architecture parameters, and the names that may be missing."""
    edges = sum(range(2, config.nodes + 2))
    shapes: Shapes = {name: (edges, len(config.operations)) for name in CELLS}
    own: Shapes = {f"{name}_edges": (edges,) for name in CELLS}
    return {**shapes, **own}, frozenset(own)


def draw_supernet(config: Any) -> dict[str, Any]:
    """Both cells with every operation on every edge, in the order of the parameters.

    `config` has `nodes` and `operations`.
    """
    names = [*INPUTS, *(str(index) for index in range(2, config.nodes + 2))]
    ends = [(source, target) for target in range(2, len(names)) for source in range(target)]
    nodes = [node(name, "input" if place < 2 else "node") for place, name in enumerate(names)]
    nodes.append(node(OUTPUT, "output"))
    edges = relaxed_edges(
        [(names[source], names[target]) for source, target in ends], config.operations
    )
    edges += [edge(name, OUTPUT, "concat") for name in names[2:]]
    return {"cells": [{"name": name, "nodes": nodes, "edges": edges} for name in CELLS]}
