"""Names of operations and how they are drawn; no torch.

Names are those of the DARTS reference (papers: 1806.09055) and of NAS-Bench-201.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Operation:
    """How an operation is drawn; `kernel` is None if it has none, `short` is used in texts."""

    family: str
    kernel: int | None
    label: str
    short: str


OPERATIONS: dict[str, Operation] = {
    "none": Operation("none", None, "none", "none"),
    "max_pool_3x3": Operation("pool", 3, "max 3x3", "max"),
    "avg_pool_3x3": Operation("pool", 3, "avg 3x3", "avg"),
    "skip_connect": Operation("skip", None, "skip", "skip"),
    "sep_conv_3x3": Operation("separable", 3, "sep 3x3", "sep3"),
    "sep_conv_5x5": Operation("separable", 5, "sep 5x5", "sep5"),
    "sep_conv_7x7": Operation("separable", 7, "sep 7x7", "sep7"),
    "dil_conv_3x3": Operation("dilated", 3, "dil 3x3", "dil3"),
    "dil_conv_5x5": Operation("dilated", 5, "dil 5x5", "dil5"),
    "conv_7x1_1x7": Operation("conv", 7, "1x7 7x1", "7x1"),
    "nor_conv_1x1": Operation("conv", 1, "conv 1x1", "conv1"),
    "nor_conv_3x3": Operation("conv", 3, "conv 3x3", "conv3"),
    "nor_conv_5x5": Operation("conv", 5, "conv 5x5", "conv5"),
    "tanh": Operation("activation", None, "tanh", "tanh"),
    "relu": Operation("activation", None, "relu", "relu"),
    "sigmoid": Operation("activation", None, "sigmoid", "sigmoid"),
    "identity": Operation("activation", None, "identity", "identity"),
    "concat": Operation("concat", None, "concat", "concat"),
    "mean": Operation("concat", None, "mean", "mean"),
}


def edge(source: str, target: str, op: str) -> dict[str, Any]:
    """Return one edge of a drawing, see docs/graphs.md."""
    operation = OPERATIONS[op]
    return {
        "source": source,
        "target": target,
        "op": op,
        "family": operation.family,
        "kernel": operation.kernel,
        "label": operation.label,
    }


def node(name: str, role: str) -> dict[str, Any]:
    """Return one node of a drawing, labelled with its name."""
    return {"id": name, "label": name, "role": role}
