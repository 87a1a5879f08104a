"""From the alphas of a supernet to the operations and edges of one architecture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.arithmetic import softmax
from ...core.errors import EngineError


def read_alphas(
    alphas: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], optional: frozenset[str]
) -> dict[str, np.ndarray]:
    """Return the alphas as arrays, after checking their names, shapes and values.

    Args:
        alphas: Nested lists of numbers by name.
        shapes: The expected shape for each name.
        optional: Names that may be missing.

    Raises:
        EngineError: a name is missing or unknown, a shape is wrong, or a number is not finite.
    """
    arrays = {}
    for name in sorted(set(shapes) | set(alphas)):
        if name not in shapes:
            raise EngineError(f"{name!r} is not an architecture parameter: use {', '.join(shapes)}")
        if name not in alphas:
            if name in optional:
                continue
            raise EngineError(f"the architecture parameters {name!r} are missing: add them")
        try:
            array = np.asarray(alphas[name], dtype=float)
        except (TypeError, ValueError):
            raise EngineError(
                f"the architecture parameters {name!r} are not numbers: give nested lists of "
                f"numbers of shape {shapes[name]}"
            ) from None
        if array.shape != shapes[name] or not np.isfinite(array).all():
            raise EngineError(
                f"the architecture parameters {name!r} have shape {array.shape}: they must be "
                f"finite numbers of shape {shapes[name]}, as the space's settings require"
            )
        arrays[name] = array
    return arrays


def strongest_pairs(
    alphas: np.ndarray,
    edge_alphas: np.ndarray | None,
    operations: tuple[str, ...],
    inputs: int,
    kept: int,
) -> list[list[list[Any]]]:
    """Return the [operation, source] pairs of each node by the rule of DARTS (1806.09055).

    The strength of an edge is the softmax weight of its strongest operation except `none`,
    times the softmax weight of the edge if edges have weights (PC-DARTS). Each node keeps its
    strongest edges; of equal ones the first.

    Args:
        alphas: edges x operations; edges ordered by target, then by source.
        edge_alphas: One number for each edge, or None.
        operations: Names of the columns.
        inputs: Number of inputs of the cell.
        kept: Number of edges that each node keeps.
    """
    weights = softmax(alphas)
    weights[:, [op == "none" for op in operations]] = -1.0  # never the strongest
    nodes: list[list[list[Any]]] = []
    start = 0
    while start < len(weights):
        rows = weights[start : start + inputs + len(nodes)]
        strength = rows.max(axis=1)
        if edge_alphas is not None:
            strength = strength * softmax(edge_alphas[start : start + len(rows)])
        sources = np.argsort(-strength, kind="stable")[:kept]
        nodes.append([[operations[int(rows[source].argmax())], int(source)] for source in sources])
        start += len(rows)
    return nodes


def strongest_operations(alphas: np.ndarray, operations: tuple[str, ...]) -> list[str]:
    """Return the strongest operation of each edge, `none` included, as NAS-Bench-201 does."""
    return [operations[int(row.argmax())] for row in alphas]
