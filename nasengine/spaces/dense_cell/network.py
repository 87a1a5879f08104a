"""The network of space `dense-cell`: DPP-Net (1806.08198)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from ..layers.dense_network import DOUBLE, CellStage, DenseCell, DenseNetwork


def dense_cell_network(
    config: Any,
    layers: Sequence[str],
    input_shape: tuple[int, ...],
    classes: int,
    auxiliary: bool,
) -> DenseNetwork:
    """One cell repeated, `cells` times a stage; every stage adds twice the channels of the last."""
    channels = stem = DOUBLE * config.growth
    growth = config.growth
    stages: list[tuple[nn.Module, int]] = []
    for _ in range(config.stages):
        cells = []
        for _ in range(config.cells):
            cell = DenseCell(layers, channels, growth, config.groups, config.condensation)
            channels = cell.outputs
            cells.append(cell)
        stages.append((CellStage(cells), channels))
        growth *= 2
    return DenseNetwork(stem, stages, input_shape, classes, auxiliary=auxiliary)
