"""Snapshots of a controller's policy after each epoch, for the page to scroll through.

A snapshot holds the probability of each option of each decision, and the cell of the most
probable choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....core.architecture import Architecture
from ....core.space import Space

GROUPS = {"op": "operations", "input": "inputs", "skip": "skips", "size": "sizes"}
OPERATION_KEYS = ("op", "family", "kernel", "label")


class PolicySnapshots:
    """The decisions of a space, grouped by kind; each group is a heat map of the page."""

    def __init__(self, space: Space):
        self._space = space
        self._decisions = space.decisions()
        self._groups: dict[str, list[int]] = {}
        for index, decision in enumerate(self._decisions):
            self._groups.setdefault(GROUPS[decision.kind], []).append(index)

    def layout(self, history: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return {"cells", "operations", "heat"}, as for a relaxed supernet.

        Cells and operations are those of the latest snapshot, since the cell changes with the
        policy.
        """
        heat = [
            {
                "name": name,
                "rows": [self._decisions[index].name for index in indices],
                "columns": list(self._longest_options(indices)),
            }
            for name, indices in self._groups.items()
        ]
        latest = history[-1] if history else {"cells": [], "operations": []}
        return {"cells": latest["cells"], "operations": latest["operations"], "heat": heat}

    def snapshot(self, epoch: int, policy: Any, best: Architecture) -> dict[str, Any]:
        """Return one epoch: probabilities in thousandths, and the most probable cell's edges.

        Each edge is [source, target, index of its operation, confidence in thousandths].

        Args:
            epoch: the epoch's index.
            policy: one list of probabilities per decision.
            best: the architecture of the most probable choices.

        Raises:
            ValueError: the policy does not fit the decisions of the space.
        """
        rows = self._checked(policy)
        confidences = self._confidences(rows, self._space.choices(best))
        operations: dict[str, dict[str, Any]] = {}
        cells, edges = [], {}
        first_block = 0
        for cell in self._space.graph(best)["cells"]:
            # Blocks are numbered through all cells, in the order of the cells' inner nodes.
            inner = [node["id"] for node in cell["nodes"] if node["role"] == "node"]
            blocks = {name: first_block + index for index, name in enumerate(inner)}
            first_block += len(inner)
            cells.append({"name": cell["name"], "nodes": cell["nodes"]})
            edges[cell["name"]] = [
                [
                    edge["source"],
                    edge["target"],
                    _operation_index(edge, operations),
                    confidences.get(blocks.get(edge["target"], -1), 1000),
                ]
                for edge in cell["edges"]
                if edge["op"] != "none"
            ]
        weights = {
            name: [[round(1000 * p) for p in rows[index]] for index in indices]
            for name, indices in self._groups.items()
        }
        return {
            "epoch": epoch,
            "weights": weights,
            "edges": edges,
            "cells": cells,
            "operations": list(operations.values()),
        }

    def _longest_options(self, indices: Sequence[int]) -> tuple[str, ...]:
        """Return the longest option list of a group; the other lists are prefixes of it."""
        longest = max(indices, key=lambda index: len(self._decisions[index].options))
        return self._decisions[longest].options

    def _checked(self, policy: Any) -> list[list[float]]:
        rows = [[float(p) for p in row] for row in policy]
        if [len(row) for row in rows] != [len(d.options) for d in self._decisions]:
            raise ValueError("the policy does not fit the decisions of this space")
        if not all(0.0 <= p <= 1.0 for row in rows for p in row):
            raise ValueError("probabilities must be between 0 and 1")
        return rows

    def _confidences(self, rows: list[list[float]], choices: Sequence[int]) -> dict[int, int]:
        """Return for each block the mean probability of its choices, in thousandths."""
        by_block: dict[int, list[float]] = {}
        for decision, row, choice in zip(self._decisions, rows, choices, strict=True):
            by_block.setdefault(decision.block, []).append(row[choice])
        return {block: round(1000 * sum(ps) / len(ps)) for block, ps in by_block.items()}


def _operation_index(edge: dict[str, Any], operations: dict[str, dict[str, Any]]) -> int:
    """Return the index of an edge's operation in `operations`, adding it if it is new."""
    operations.setdefault(edge["op"], {key: edge[key] for key in OPERATION_KEYS})
    return list(operations).index(edge["op"])
