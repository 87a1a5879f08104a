"""What a controller leans to after each epoch: chances of every option, and its likeliest cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....core.architecture import Architecture
from ....core.space import Space

KINDS = {"op": "operations", "input": "inputs", "skip": "skips", "size": "sizes"}


class Policy:
    """The decisions of a space in groups of a kind, as rows of a heat map."""

    def __init__(self, space: Space):
        self._space = space
        self._decisions = space.decisions()
        self._groups: dict[str, list[int]] = {}
        for place, decision in enumerate(self._decisions):
            self._groups.setdefault(KINDS[decision.kind], []).append(place)

    def drawing(self, frames: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """{"cells", "operations", "heat"} as the view of relaxed cells has them.

        Which nodes, edges and operations there are each frame says itself.
        """
        heat = [
            {
                "name": name,
                "rows": [self._decisions[place].name for place in places],
                "columns": list(self._longest(places)),
            }
            for name, places in self._groups.items()
        ]
        latest = frames[-1] if frames else {"cells": [], "operations": []}
        return {"cells": latest["cells"], "operations": latest["operations"], "heat": heat}

    def frame(self, epoch: int, chances: Any, best: Architecture) -> dict[str, Any]:
        """One epoch: chances in thousandths, and the edges of the likeliest architecture.

        Of an edge stands [source, target, place of its operation, certainty in thousandths].

        Raises:
            ValueError: there are not as many chances as options.
        """
        rows = self._rows(chances)
        certain = self._certainties(rows, self._space.choices(best))
        operations: dict[str, dict[str, Any]] = {}
        cells, edges = [], {}
        block = 0
        for cell in self._space.graph(best)["cells"]:
            inner = [node["id"] for node in cell["nodes"] if node["role"] == "node"]
            blocks = {name: block + place for place, name in enumerate(inner)}
            block += len(inner)
            cells.append({"name": cell["name"], "nodes": cell["nodes"]})
            edges[cell["name"]] = [
                [
                    edge["source"],
                    edge["target"],
                    _place_of(edge, operations),
                    certain.get(blocks.get(edge["target"], -1), 1000),
                ]
                for edge in cell["edges"]
                if edge["op"] != "none"
            ]
        weights = {
            name: [[round(1000 * one) for one in rows[place]] for place in places]
            for name, places in self._groups.items()
        }
        return {
            "epoch": epoch,
            "weights": weights,
            "edges": edges,
            "cells": cells,
            "operations": list(operations.values()),
        }

    def _longest(self, places: Sequence[int]) -> tuple[str, ...]:
        """The options of that decision of a group that has most; the others have its first ones."""
        most = max(places, key=lambda place: len(self._decisions[place].options))
        return self._decisions[most].options

    def _rows(self, chances: Any) -> list[list[float]]:
        rows = [[float(one) for one in row] for row in chances]
        if [len(row) for row in rows] != [len(one.options) for one in self._decisions]:
            raise ValueError("the policy does not belong to the decisions of this space")
        if not all(0.0 <= one <= 1.0 for row in rows for one in row):
            raise ValueError("chances must lie between 0 and 1")
        return rows

    def _certainties(self, rows: list[list[float]], choices: Sequence[int]) -> dict[int, int]:
        """How sure the controller is of a block: the mean chance of what it would choose there."""
        found: dict[int, list[float]] = {}
        for decision, row, choice in zip(self._decisions, rows, choices, strict=True):
            found.setdefault(decision.block, []).append(row[choice])
        return {block: round(1000 * sum(all_) / len(all_)) for block, all_ in found.items()}


def _place_of(edge: dict[str, Any], operations: dict[str, dict[str, Any]]) -> int:
    """The place of an edge's operation among those drawn, which it joins."""
    kept = {part: edge[part] for part in ("op", "family", "kernel", "label")}
    operations.setdefault(edge["op"], kept)
    return list(operations).index(edge["op"])
