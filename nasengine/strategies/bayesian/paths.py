"""Features of the paths of a cell: their number, their depth, the operations they pass.

A path leads from an input to an output of a drawn cell. Networks with shortcuts behave like
ensembles of their paths (Veit, Wilber and Belongie, 1605.06431), and BANANAS (1910.11858) encodes
cells by them. Its one-hot code has a column for each possible path, so it grows exponentially with
the cell; the smallest, largest and mean count of each operation over all paths come from one pass
over the edges.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Edge = Mapping[str, Any]

# Operations of these families have weights or an activation: a path through more of them is deeper.
DEEP = frozenset({"conv", "group", "separable", "dilated", "activation"})
JOINING = "concat"  # family of edges that only join values
SKIP = "skip"
MAX_PATHS = 1e100  # more are counted as so many


@dataclass(frozen=True)
class Counts:
    """Counts of k kinds of operations on the paths from the inputs to a node.

    Attributes:
        paths: Number of paths.
        least: Smallest count of a path, k.
        most: Largest count of a path, k.
        mean: Mean count of a path, k.
    """

    paths: float
    least: np.ndarray
    most: np.ndarray
    mean: np.ndarray

    def after(self, passed: np.ndarray) -> Counts:
        """Return the counts after one more edge, which counts as `passed`, k."""
        return Counts(self.paths, self.least + passed, self.most + passed, self.mean + passed)

    def joined(self, other: Counts) -> Counts:
        """Return the counts of the paths of both."""
        share = self.paths / (self.paths + other.paths)
        return Counts(
            min(self.paths + other.paths, MAX_PATHS),
            np.minimum(self.least, other.least),
            np.maximum(self.most, other.most),
            share * self.mean + (1 - share) * other.mean,
        )


def path_features(cell: Mapping[str, Any], edges: Sequence[Edge]) -> dict[str, float]:
    """Return numbers by name; {} if no path reaches an output.

    They are the number of all paths and of the shallow ones, which pass no deep operation (as
    logarithms); the smallest, largest and mean depth; for each kind of operation the number of its
    edges, and but for skips its smallest, largest and mean count on a path.

    Args:
        cell: A cell of `Space.graph`.
        edges: Its edges that pass values from an input to an output.
    """
    used = Counter(kind_of(edge) for edge in edges if edge["family"] != JOINING)
    kinds = sorted(used.keys() - {SKIP})
    passed = [
        np.array([edge["family"] in DEEP, *(kind_of(edge) == kind for kind in kinds)], dtype=float)
        for edge in edges
    ]
    everything = _at_outputs(cell, edges, passed)
    if everything is None:
        return {}
    shallow = [index for index, edge in enumerate(edges) if edge["family"] not in DEEP]
    shortcuts = _at_outputs(cell, [edges[i] for i in shallow], [passed[i] for i in shallow])
    found = {
        "paths": float(np.log1p(everything.paths)),
        "shallow paths": float(np.log1p(shortcuts.paths)) if shortcuts else 0.0,
        **{f"{kind} used": float(number) for kind, number in used.items()},
    }
    for column, name in enumerate(("depth", *kinds)):
        found[f"{name} least"] = float(everything.least[column])
        found[f"{name} most"] = float(everything.most[column])
        found[f"{name} mean"] = float(everything.mean[column])
    return found


def kind_of(edge: Edge) -> str:
    """Return family and kernel of an operation, or its label if it has no kernel."""
    if edge["family"] == SKIP:
        return SKIP
    return f"{edge['family']} {edge['kernel']}" if edge["kernel"] else str(edge["label"])


def _at_outputs(
    cell: Mapping[str, Any], edges: Sequence[Edge], passed: Sequence[np.ndarray]
) -> Counts | None:
    """Return the counts of all paths from an input to an output; None if there is none."""
    leaving: dict[str, list[int]] = defaultdict(list)
    for index, edge in enumerate(edges):
        leaving[edge["source"]].append(index)
    width = len(passed[0]) if passed else 0
    start = Counts(1.0, np.zeros(width), np.zeros(width), np.zeros(width))
    reached = {node: start for node in _of_role(cell, "input")}
    for node in _topological(edges):
        if node not in reached:
            continue
        for index in leaving[node]:
            target, new = edges[index]["target"], reached[node].after(passed[index])
            reached[target] = reached[target].joined(new) if target in reached else new
    ends = [reached[node] for node in _of_role(cell, "output") if node in reached]
    if not ends:
        return None
    total = ends[0]
    for other in ends[1:]:
        total = total.joined(other)
    return total


def _of_role(cell: Mapping[str, Any], role: str) -> Collection[str]:
    return [node["id"] for node in cell["nodes"] if node["role"] == role]


def _topological(edges: Sequence[Edge]) -> list[str]:
    """Return the nodes of the edges, each after those that lead to it."""
    missing = Counter(edge["target"] for edge in edges)
    leaving: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        leaving[edge["source"]].append(edge["target"])
    order = [node for node in leaving if not missing[node]]
    for node in order:
        for target in leaving[node]:
            missing[target] -= 1
            if not missing[target]:
                order.append(target)
    return order
