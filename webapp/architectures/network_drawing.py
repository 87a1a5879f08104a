"""The drawing of a whole network that repeats a cell: its parts in the order in which they run."""

from __future__ import annotations

from typing import Any

# Drawings with these cells show a part that the network repeats; others show the whole network.
REPEATED = {"normal", "reduce", "cell"}
MAX_PARTS = 120


def network_drawing(network: dict[str, Any], graph: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the drawing (docs/graphs.md) of a whole network, None if the cells show it already.

    Nodes are the shapes between the parts, edges the parts.

    Args:
        network: the table of the network, {} if there is none.
        graph: the drawing of the architecture.
    """
    names = {cell["name"] for cell in graph["cells"]} if graph else set()
    parts = [part for part in network.get("parts", []) if part["outputs"]]
    if not parts or len(parts) > MAX_PARTS or not names <= REPEATED or not names:
        return None
    shapes = [network["input_shape"], *(part["outputs"] for part in parts)]
    nodes = [
        {"id": str(index), "label": " x ".join(map(str, shape)), "role": "node"}
        for index, shape in enumerate(shapes)
    ]
    nodes[0]["role"], nodes[-1]["role"] = "input", "output"
    edges = [
        {
            "source": str(index),
            "target": str(index + 1),
            "op": f"{part['name']}: {part['kind']}, {part['params']:,} parameters, "
            f"{part['macs']:,} MACs",
            "family": "conv",
            "kernel": None,
            "label": part["name"],
        }
        for index, part in enumerate(parts)
    ]
    return {"cells": [{"name": "whole network", "nodes": nodes, "edges": edges}]}
