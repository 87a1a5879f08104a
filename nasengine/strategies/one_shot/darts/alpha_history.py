"""Snapshots of the alphas after each epoch, for the page to scroll through.

A snapshot holds the softmax of the alphas in thousandths, edges x operations, and for each edge
its strength, its strongest operation and whether the derived architecture keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ....core.architecture import Architecture
from ....core.arithmetic import softmax
from ....core.space import Space

Ends = tuple[str, str]  # source and target of an edge
OPERATION_KEYS = ("op", "family", "kernel", "label")


class AlphaSnapshots:
    """The cells of a space's supernet: their edges, in the order of the alphas, and operations.

    Attributes:
        cells: cell name -> edges.
    """

    def __init__(self, space: Space):
        self._space = space
        self.cells: dict[str, list[Ends]] = {}
        self._operations: list[dict[str, Any]] = []
        self._nodes: list[dict[str, Any]] = []
        for cell in space.graph(space.supernet())["cells"]:
            by_ends: dict[Ends, list[dict[str, Any]]] = {}
            for edge in cell["edges"]:
                if edge["family"] != "concat":
                    by_ends.setdefault((edge["source"], edge["target"]), []).append(edge)
            self.cells[cell["name"]] = list(by_ends)
            # Every edge of a supernet mixes the same operations: those of the first one.
            self._operations = [
                {key: edge[key] for key in OPERATION_KEYS} for edge in next(iter(by_ends.values()))
            ]
            joined = [edge for edge in cell["edges"] if edge["family"] == "concat"]
            self._nodes.append(
                {
                    "name": cell["name"],
                    "nodes": cell["nodes"],
                    "joined": [[edge["source"], edge["target"]] for edge in joined],
                }
            )

    def layout(self) -> dict[str, Any]:
        """Return {"cells", "operations", "heat"}: what the numbers of a snapshot belong to.

        `cells` have nodes, [source, target] of each edge, and `joined`, the edges to the cell's
        output. `heat` names the rows and columns of each weight matrix of a snapshot.
        """
        cells = [
            {**cell, "edges": [list(ends) for ends in self.cells[cell["name"]]]}
            for cell in self._nodes
        ]
        heat = [
            {
                "name": name,
                "rows": [f"{source} to {target}" for source, target in edges],
                "columns": [operation["label"] for operation in self._operations],
            }
            for name, edges in self.cells.items()
        ]
        return {"cells": cells, "operations": self._operations, "heat": heat}

    def snapshot(
        self, epoch: int, alphas: Mapping[str, Any], derived: Architecture
    ) -> dict[str, Any]:
        """Return one epoch: {"epoch", "weights": {cell: edges x ops}, "edges": {cell: ...}}.

        Each edge is [strength in thousandths, index of its strongest operation, 1 if kept].

        Args:
            epoch: the epoch's index.
            alphas: the architecture parameters by name.
            derived: the architecture that would be derived from them.
        """
        kept = self._kept_edges(derived)
        weights_view: dict[str, Any] = {}
        edges_view: dict[str, Any] = {}
        for name, edges in self.cells.items():
            weights = softmax(alphas[name])
            shares = self._edge_shares(name, alphas.get(f"{name}_edges"))
            weights_view[name] = [[round(1000 * p) for p in row] for row in weights.tolist()]
            edges_view[name] = [
                [round(1000 * float(row.max() * share)), int(row.argmax()), int(ends in kept[name])]
                for ends, row, share in zip(edges, weights, shares, strict=True)
            ]
        return {"epoch": epoch, "weights": weights_view, "edges": edges_view}

    def operations_of(self, architecture: Architecture) -> dict[str, list[str]]:
        """Return cell name -> operations of an architecture's edges."""
        return {
            cell["name"]: [edge["op"] for edge in cell["edges"] if edge["family"] != "concat"]
            for cell in self._space.graph(architecture)["cells"]
        }

    def _kept_edges(self, architecture: Architecture) -> dict[str, set[Ends]]:
        return {
            cell["name"]: {
                (edge["source"], edge["target"])
                for edge in cell["edges"]
                if edge["family"] not in ("none", "concat")
            }
            for cell in self._space.graph(architecture)["cells"]
        }

    def _edge_shares(self, name: str, edge_alphas: Any) -> np.ndarray:
        """Return each edge's softmax share among its node's edges; 1 without edge alphas."""
        edges = self.cells[name]
        shares = np.ones(len(edges))
        if edge_alphas is None:
            return shares
        edge_alphas = np.asarray(edge_alphas, dtype=float)
        for node in {target for _, target in edges}:
            incoming = [index for index, (_, target) in enumerate(edges) if target == node]
            shares[incoming] = softmax(edge_alphas[incoming])
        return shares


def normalised_entropy(weights: Sequence[np.ndarray]) -> float:
    """Return the mean entropy of all rows, divided by that of the uniform distribution.

    1: all operations have equal weight; 0: each edge has decided for one operation.
    """
    entropies = []
    for rows in weights:
        logs = np.log(np.clip(rows, 1e-12, 1.0))
        entropies.append(-(rows * logs).sum(axis=-1) / np.log(rows.shape[-1]))
    return float(np.concatenate(entropies).mean())
