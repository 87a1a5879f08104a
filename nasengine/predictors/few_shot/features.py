"""Features of networks for a predictor: their operators, by type and by place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ...core.architecture import Architecture
    from ...core.space import Space

Features = Mapping[str, np.ndarray]  # group -> networks x columns
MIN_DEVIATION = 1e-9


def features_of_space(space: Space, architectures: Sequence[Architecture]) -> dict[str, np.ndarray]:
    """Return the features of architectures of a space that has an encoding.

    The group "place" is the space's encoding. A space of decisions adds "counts": how often each
    option is chosen, over all decisions with the same options.
    """
    groups = {"place": np.stack([space.encode(architecture) for architecture in architectures])}
    decisions = getattr(space, "decisions", None)
    choices = getattr(space, "choices", None)
    if decisions is not None and choices is not None:
        options = [decision.options for decision in decisions()]
        columns = {
            pair: n for n, pair in enumerate(dict.fromkeys((o, x) for o in options for x in o))
        }
        counts = np.zeros((len(architectures), len(columns)))
        for row, architecture in enumerate(architectures):
            for allowed, choice in zip(options, choices(architecture), strict=False):
                counts[row, columns[allowed, allowed[choice]]] += 1
        groups["counts"] = counts
    return groups


def features_of_cells(
    operations: np.ndarray, edges: Sequence[tuple[int, int]], none: int
) -> dict[str, np.ndarray]:
    """Return the features of cells of a fixed set of edges.

    Args:
        operations: networks x edges, the number of each edge's operation.
        edges: (source, target) node of each edge; the last node is the output.
        none: Number of the operation that outputs zeros.
    """
    kept = np.where(needed_edges(operations, edges, none), operations, none)
    count = int(operations.max()) + 1
    return {
        "counts": _totals(operations, count),
        "kept counts": _totals(kept, count),
        "place": _one_hot(operations, count),
        "kept place": _one_hot(kept, count),
    }


def needed_edges(operations: np.ndarray, edges: Sequence[tuple[int, int]], none: int) -> np.ndarray:
    """Return which edges the output depends on; exported graphs contain no others."""
    nodes = max(target for _, target in edges)
    needed = np.zeros((len(operations), nodes + 1), dtype=bool)
    needed[:, nodes] = True
    for node in range(nodes - 1, -1, -1):
        for edge, (source, target) in enumerate(edges):
            if source == node:
                needed[:, node] |= needed[:, target] & (operations[:, edge] != none)
    return np.stack([needed[:, target] for _, target in edges], axis=1)


def _totals(operations: np.ndarray, count: int) -> np.ndarray:
    return np.stack([(operations == number).sum(axis=1) for number in range(count)], axis=1)


def _one_hot(operations: np.ndarray, count: int) -> np.ndarray:
    return np.concatenate(
        [operations[:, [edge]] == np.arange(count) for edge in range(operations.shape[1])], axis=1
    ).astype(float)
