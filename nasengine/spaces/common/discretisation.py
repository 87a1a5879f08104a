"""From architecture parameters to the operations and edges they stand for; numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.arithmetic import softmax
from ...core.errors import EngineError


def read_alphas(
    alphas: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], optional: frozenset[str]
) -> dict[str, np.ndarray]:
    """Checked arrays of the names and shapes given; those of `optional` may be missing.

    Raises:
        EngineError: a name is missing or unknown, a shape is wrong, a number is not finite.
    """
    found = {}
    for name in sorted(set(shapes) | set(alphas)):
        if name not in shapes:
            raise EngineError(f"{name!r} is no architecture parameter: use {', '.join(shapes)}")
        if name not in alphas:
            if name in optional:
                continue
            raise EngineError(f"the architecture parameters {name!r} are missing: give them")
        try:
            array = np.asarray(alphas[name], dtype=float)
        except (TypeError, ValueError):
            raise EngineError(f"the architecture parameters {name!r} are no numbers") from None
        if array.shape != shapes[name] or not np.isfinite(array).all():
            raise EngineError(
                f"the architecture parameters {name!r} are {array.shape}: they must be finite "
                f"numbers of shape {shapes[name]}, as the space's settings say"
            )
        found[name] = array
    return found


def strongest_pairs(
    alphas: np.ndarray,
    edge_alphas: np.ndarray | None,
    operations: tuple[str, ...],
    inputs: int,
    kept: int,
) -> list[list[list[Any]]]:
    """For each node its [operation, source] pairs: DARTS' derivation (1806.09055).

    `alphas` is edges x operations, edges by target, then by source. An edge counts as much as
    its strongest operation beside `none`, times its own share where edges have one (PC-DARTS);
    a node keeps so many edges, from different sources. Equals: the first.
    """
    weights = softmax(alphas)
    weights[:, [op == "none" for op in operations]] = -1.0
    nodes: list[list[list[Any]]] = []
    start = 0
    while start < len(weights):
        rows = weights[start : start + inputs + len(nodes)]
        strength = rows.max(axis=1)
        if edge_alphas is not None:
            strength = strength * softmax(edge_alphas[start : start + len(rows)])
        order = np.argsort(-strength, kind="stable")[:kept]
        nodes.append([[operations[int(rows[one].argmax())], int(one)] for one in order])
        start += len(rows)
    return nodes


def strongest_operations(alphas: np.ndarray, operations: tuple[str, ...]) -> list[str]:
    """The strongest operation of each edge, `none` among them, as NAS-Bench-201 derives."""
    return [operations[int(row.argmax())] for row in alphas]
