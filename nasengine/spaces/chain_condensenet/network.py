"""The network of space `chain-condensenet`: CondenseNet (1711.09224)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from ..layers.dense_network import DOUBLE, DenseBlock, DenseNetwork, condensed_layer


def condensenet(
    config: Any,
    blocks: Sequence[tuple[int, int]],
    input_shape: tuple[int, ...],
    classes: int,
    auxiliary: bool,
) -> DenseNetwork:
    """A CondenseNet of (number of layers, growth) a block.

    The stem has twice the first growth; blocks are fully dense, so a layer reads what every
    block before gave, pooled.
    """
    channels = stem = DOUBLE * blocks[0][1]
    made: list[tuple[nn.Module, int]] = []
    for layers, growth in blocks:
        inside = []
        for _ in range(layers):
            inside.append(
                condensed_layer(
                    channels, growth, config.bottleneck, config.groups, config.condensation
                )
            )
            channels += growth
        made.append((DenseBlock(inside), channels))
    return DenseNetwork(stem, made, input_shape, classes, auxiliary=auxiliary)
