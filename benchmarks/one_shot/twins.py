"""Correspondence between the parameters of a plain supernet and its fused twin."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch
from torch import nn

GRAPH_EDGE = re.compile(r"(.*?)edges\.(\d+)\.operations\.(\d+)\.(.+)")
# Index of a convolution in the plain module -> name of the stacked weights of the fused form.
STACKED = {
    "separable": {
        "1": "depthwise",
        "2": "pointwise",
        "5": "depthwise_again",
        "6": "pointwise_again",
    },
    "dilated": {"1": "depthwise", "2": "pointwise"},
    "dense": {"1": "weight"},
    "factored": {"1": "along_width", "2": "along_height"},
    "reduction": {"even": "even", "odd": "odd"},
}
KINDS = {
    "sep": "separable",
    "dil": "dilated",
    "nor": "dense",
    "conv": "factored",
    "skip": "reduction",
}


def pairs(
    plain: nn.Module, fast: nn.Module, inputs: int, operations: tuple[str, ...]
) -> Iterator[tuple[torch.Tensor, torch.Tensor, int | None, int]]:
    """Yield for each plain parameter the fused one, the edge in it, and its number of edges.

    The edge is None if the parameters correspond as a whole.
    """
    fasts = dict(fast.named_parameters())
    for name, parameter in plain.named_parameters():
        match = GRAPH_EDGE.fullmatch(name)
        if match is None:
            yield parameter, fasts[name], None, 1
            continue
        graph, edge, column, layer = match.groups()
        source, target = _ends(int(edge), inputs)
        op = operations[int(column)]
        stacked = STACKED[KINDS[op.split("_")[0]]][layer.split(".")[0]]
        weights = fasts[f"{graph}fans.{source}.operations.{op}.{stacked}"]
        yield parameter, weights, target - max(inputs, source + 1), len(weights) // len(parameter)


def copy_weights(plain: nn.Module, fast: nn.Module, inputs: int, ops: tuple[str, ...]) -> None:
    """Copy the parameters of the fused network to the plain one."""
    with torch.no_grad():
        for parameter, whole, edge, edges in pairs(plain, fast, inputs, ops):
            parameter.copy_(whole if edge is None else whole.chunk(edges)[edge])


def _ends(edge: int, inputs: int) -> tuple[int, int]:
    target = inputs
    while edge >= target:
        edge -= target
        target += 1
    return edge, target
