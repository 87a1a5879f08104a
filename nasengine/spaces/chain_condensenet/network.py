"""The network of space `chain-condensenet`: CondenseNet (1711.09224)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import nn

from ..layers.dense_network import STEM_MULTIPLIER, DenseBlock, DenseNetwork, condensed_layer

if TYPE_CHECKING:
    from .space import ChainCondenseNetConfig


def condensenet(
    config: ChainCondenseNetConfig,
    blocks: Sequence[tuple[int, int]],
    input_shape: tuple[int, ...],
    classes: int,
    auxiliary: bool,
) -> DenseNetwork:
    """Return a CondenseNet.

    Blocks are densely connected too: a layer reads the pooled outputs of all earlier blocks.

    Args:
        config: Settings of the space.
        blocks: (number of layers, growth) of each block. The stem has twice the first growth.
        input_shape: Channels x height x width.
        classes: Number of classes.
        auxiliary: Add the auxiliary head.
    """
    channels = stem = STEM_MULTIPLIER * blocks[0][1]
    modules: list[tuple[nn.Module, int]] = []
    for count, growth in blocks:
        layers = []
        for _ in range(count):
            layers.append(
                condensed_layer(
                    channels, growth, config.bottleneck, config.groups, config.condensation
                )
            )
            channels += growth
        modules.append((DenseBlock(layers), channels))
    return DenseNetwork(stem, modules, input_shape, classes, auxiliary=auxiliary)
