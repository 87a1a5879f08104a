"""The stand-alone network of space `enas-macro` (1802.03268): layers with skip connections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import nn

from ..layers.auxiliary import AuxiliaryHead
from ..layers.blocks import FactorizedReduce, relu_conv_bn
from ..layers.drop_path import Probability, with_drop_path
from ..layers.operations import make_operation
from ..layers.stems import make_stem
from .genome import Layers, reduced, stage

if TYPE_CHECKING:
    from .config import EnasMacroConfig


class MacroLayer(nn.Module):
    """An operation; its output and the skips are concatenated, then ReLU, 1x1 convolution, BN.

    The first layer cannot have skips and is only its operation; all others have the 1x1
    convolution, with skips or without.
    """

    def __init__(self, op: str, channels: int, skips: int, *, first: bool):
        super().__init__()
        self.operation = make_operation(op, channels, 1)
        self.squeeze = None if first else relu_conv_bn(channels * (1 + skips), channels)

    def forward(
        self, x: torch.Tensor, skips: list[torch.Tensor], drop: Probability
    ) -> torch.Tensor:
        y = with_drop_path(self.operation, x, drop)
        return y if self.squeeze is None else self.squeeze(torch.cat([y, *skips], dim=1))


class MacroNetwork(nn.Module):
    """Stem, layers, average pool, linear; n x c x h x w to logits n x classes.

    After layers L // 3 and 2 (L // 3), every value that is still read is halved by its own
    factorized reduction, and channels double. With `auxiliary`, the auxiliary head reads the
    first layer after the second halving, and training mode returns (logits, auxiliary logits).
    `drop_path` is the drop-path probability of operations in training mode.

    Args:
        config: Settings of the space.
        layers: Layers of the genome.
        input_shape: Channels x height x width.
        classes: Number of classes.
        auxiliary: Add the auxiliary head.
    """

    def __init__(
        self,
        config: EnasMacroConfig,
        layers: Layers,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool,
    ):
        super().__init__()
        self.drop_path: Probability = 0.0
        self.skips = [layer["skips"] for layer in layers]
        self.halved_after = config.reductions
        self.stem = make_stem(config, input_shape)
        widths = [config.channels * 2**n for n in range(3)]
        self.halved_values = reduced(layers, config.reductions)
        self.reductions = make_reductions(self.halved_values, config.channels)
        self.layers = nn.ModuleList(
            MacroLayer(
                layer["op"],
                widths[stage(number, config.reductions)],
                len(layer["skips"]),
                first=number == 1,
            )
            for number, layer in enumerate(layers, start=1)
        )
        self.auxiliary: AuxiliaryHead | None = None
        if auxiliary:
            height, width = (-(-side // 2 ** (2 + self.stem.halvings)) for side in input_shape[1:])
            self.auxiliary = AuxiliaryHead(widths[2], height, width, classes)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(widths[2], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        drop = self.drop_path if self.training else 0.0
        second = None
        x = self.stem(x)[1]
        values = {0: x}
        for number, layer in enumerate(self.layers, start=1):
            if number - 1 in self.halved_after:
                n = self.halved_after.index(number - 1) + 1
                values = halved(values, n, self.reductions, self.halved_values)
            skips = [values[value] for value in self.skips[number - 1]]
            x = cast(MacroLayer, layer)(values[number - 1], skips, drop)
            values[number] = x
            has_head = number == self.halved_after[1] + 1
            if has_head and self.training and self.auxiliary is not None:
                second = self.auxiliary(x)
        logits = self.classifier(self.pool(x).flatten(1))
        return logits if second is None else (logits, second)


def make_reductions(halved_values: Sequence[tuple[int, int]], channels: int) -> nn.ModuleDict:
    """Return a factorized reduction to twice the channels for each (value, n-th halving)."""
    return nn.ModuleDict(
        {
            f"{value}_{n}": FactorizedReduce(channels * 2 ** (n - 1), channels * 2**n)
            for value, n in halved_values
        }
    )


def halved(
    values: dict[int, torch.Tensor],
    n: int,
    reductions: nn.ModuleDict,
    halved_values: Sequence[tuple[int, int]],
) -> dict[int, torch.Tensor]:
    """Return the values after the n-th halving, without those that no later layer reads."""
    return {
        value: reductions[f"{value}_{n}"](x)
        for value, x in values.items()
        if (value, n) in halved_values
    }
