"""The network of space `dense-cell`: DPP-Net (1806.08198)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import nn

from ..layers.dense_network import STEM_MULTIPLIER, CellStage, DenseCell, DenseNetwork

if TYPE_CHECKING:
    from .config import DenseCellConfig


def dense_cell_network(
    config: DenseCellConfig,
    layers: Sequence[str],
    input_shape: tuple[int, ...],
    classes: int,
    auxiliary: bool,
) -> DenseNetwork:
    """Return a network that repeats one cell; each stage doubles the growth.

    Args:
        config: Settings of the space.
        layers: Names of the layers of the cell.
        input_shape: Channels x height x width.
        classes: Number of classes.
        auxiliary: Add the auxiliary head.
    """
    channels = stem = STEM_MULTIPLIER * config.growth
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
