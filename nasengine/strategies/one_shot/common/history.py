"""What a shared network's architecture looked like after each epoch, for the page to scrub through.

A frame holds the softmax of the architecture parameters in thousandths, edges x operations, and
for each edge how strong it is, its strongest operation and whether it would be kept. Beyond
`MAX_VALUE` frames every other one is let go, so a long search keeps its whole course.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ....core.architecture import Architecture
from ....core.arithmetic import softmax
from ....core.space import Space

MAX_VALUE = 60
Ends = tuple[str, str]


class Relaxed:
    """The cells of a space as its shared network holds them: edges in order, and operations."""

    def __init__(self, space: Space):
        self._space = space
        drawn = space.graph(space.supernet())
        self.cells: dict[str, list[Ends]] = {}
        self._operations: list[dict[str, Any]] = []
        self._nodes: list[dict[str, Any]] = []
        for cell in drawn["cells"]:
            ends: dict[Ends, list[dict[str, Any]]] = {}
            for edge in cell["edges"]:
                if edge["family"] != "concat":
                    ends.setdefault((edge["source"], edge["target"]), []).append(edge)
            self.cells[cell["name"]] = list(ends)
            self._operations = [
                {part: edge[part] for part in ("op", "family", "kernel", "label")}
                for edge in next(iter(ends.values()))
            ]
            joined = [e for e in cell["edges"] if e["family"] == "concat"]
            self._nodes.append(
                {
                    "name": cell["name"],
                    "nodes": cell["nodes"],
                    "joined": [[edge["source"], edge["target"]] for edge in joined],
                }
            )

    def drawing(self) -> dict[str, Any]:
        """{"cells", "operations", "heat"}: what the numbers of a frame stand for.

        `cells` have nodes, [source, target] of each edge and of what is `joined`; `heat` says
        rows and columns of each of a frame's matrices of weights.
        """
        cells = [
            {**cell, "edges": [list(ends) for ends in self.cells[cell["name"]]]}
            for cell in self._nodes
        ]
        heat = [
            {
                "name": name,
                "rows": [f"{source} to {target}" for source, target in ends],
                "columns": [one["label"] for one in self._operations],
            }
            for name, ends in self.cells.items()
        ]
        return {"cells": cells, "operations": self._operations, "heat": heat}

    def frame(self, epoch: int, alphas: Mapping[str, Any], chosen: Architecture) -> dict[str, Any]:
        """One epoch: {"epoch", "weights": {cell: edges x ops}, "edges": {cell: ...}}.

        Of an edge stands [strength in thousandths, place of its strongest operation, 1 if kept].
        """
        kept = self.kept(chosen)
        frame: dict[str, Any] = {"epoch": epoch, "weights": {}, "edges": {}}
        for name, ends in self.cells.items():
            weights = softmax(alphas[name])
            shares = self._shares(name, alphas.get(f"{name}_edges"))
            frame["weights"][name] = _thousandths(weights)
            frame["edges"][name] = [
                [round(1000 * float(row.max() * share)), int(row.argmax()), int(one in kept[name])]
                for one, row, share in zip(ends, weights, shares, strict=True)
            ]
        return frame

    def kept(self, chosen: Architecture) -> dict[str, set[Ends]]:
        """The edges of each cell that an architecture has."""
        return {
            cell["name"]: {
                (edge["source"], edge["target"])
                for edge in cell["edges"]
                if edge["family"] not in ("none", "concat")
            }
            for cell in self._space.graph(chosen)["cells"]
        }

    def chosen_operations(self, chosen: Architecture) -> dict[str, list[str]]:
        """The operations of an architecture's edges, by cell."""
        return {
            cell["name"]: [edge["op"] for edge in cell["edges"] if edge["family"] != "concat"]
            for cell in self._space.graph(chosen)["cells"]
        }

    def _shares(self, name: str, edges: Any) -> np.ndarray:
        """Softmax of the edges' own weights over each node's edges; 1 where they have none."""
        ends = self.cells[name]
        shares = np.ones(len(ends))
        if edges is None:
            return shares
        own = np.asarray(edges, dtype=float)
        for target in {target for _, target in ends}:
            of_node = [place for place, one in enumerate(ends) if one[1] == target]
            shares[of_node] = softmax(own[of_node])
        return shares


def evenness(weights: Sequence[np.ndarray]) -> float:
    """Mean entropy of rows of shares, as a part of the largest there is: 1 undecided, 0 decided."""
    parts = []
    for one in weights:
        logs = np.log(np.clip(one, 1e-12, 1.0))
        parts.append(-(one * logs).sum(axis=-1) / np.log(one.shape[-1]))
    return float(np.concatenate(parts).mean())


def thinned(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most `MAX_VALUE` frames: every other one goes, the latest stays."""
    if len(frames) <= MAX_VALUE:
        return frames
    return [one for place, one in enumerate(frames) if (len(frames) - 1 - place) % 2 == 0]


def _thousandths(weights: np.ndarray) -> list[list[int]]:
    return [[round(1000 * one) for one in row] for row in weights.tolist()]
