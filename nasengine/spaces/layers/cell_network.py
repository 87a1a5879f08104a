"""The network of space `cell`: DARTS' evaluation network (1806.09055)."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import nn

from ..common.cell_genome import live
from .auxiliary import AuxiliaryHead
from .blocks import FactorizedReduce, relu_conv_bn
from .operations import make_operation
from .paths import along

IMAGENET_PIXELS = 64


class Cell(nn.Module):
    """One discrete cell; two maps in, one of channels x len(concat) out.

    `before` are the channels of its two inputs; `halved` says that the cell before was a
    reduction, so the older input is still twice as large.
    """

    def __init__(
        self,
        one: dict[str, Any],
        before: tuple[int, int],
        channels: int,
        *,
        reduces: bool,
        halved: bool,
        reduced_skip: str,
    ):
        super().__init__()
        older = FactorizedReduce if halved else relu_conv_bn
        self.older = older(before[0], channels)
        self.newer = relu_conv_bn(before[1], channels)
        self.concat = one["concat"]
        self.outputs = channels * len(self.concat)
        self.sources = {index: [s for _, s in one["nodes"][index - 2]] for index in live(one)}
        self.operations = nn.ModuleDict()
        for index in self.sources:
            pairs = one["nodes"][index - 2]
            strides = [2 if reduces and source < 2 else 1 for _, source in pairs]
            self.operations[str(index)] = nn.ModuleList(
                _operation(op, channels, stride, reduced_skip)
                for (op, _), stride in zip(pairs, strides, strict=True)
            )

    def forward(self, older: torch.Tensor, newer: torch.Tensor, drop: float) -> torch.Tensor:
        states = {0: self.older(older), 1: self.newer(newer)}
        for index, (first, second) in self.sources.items():
            left, right = cast(nn.ModuleList, self.operations[str(index)])
            states[index] = along(left, states[first], drop) + along(right, states[second], drop)
        return torch.cat([states[index] for index in self.concat], dim=1)


class CellNetwork(nn.Module):
    """n x c x h x w to logits n x classes.

    Reductions at cells // 3 and 2 * cells // 3, where channels double. With `auxiliary` a
    head hangs behind the second of them and training mode returns (logits, auxiliary
    logits). `drop_path` is the probability of dropping a path in training mode.
    """

    def __init__(
        self,
        config: Any,
        genome: dict[str, Any],
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool,
    ):
        super().__init__()
        self.drop_path = 0.0
        self.stem = make_stem(config, input_shape)
        height, width = (_halved(side, self.stem.halvings) for side in input_shape[1:])
        before, halved = self.stem.outputs, self.stem.halvings > 0
        channels = config.channels
        self.last_reduction = config.reductions[1]
        self.auxiliary: AuxiliaryHead | None = None
        self.cells = nn.ModuleList()
        for number in range(config.cells):
            reduces = number in config.reductions
            if reduces:
                channels, height, width = channels * 2, _halved(height), _halved(width)
            one = genome["reduce" if reduces else "normal"]
            cell = Cell(
                one,
                before,
                channels,
                reduces=reduces,
                halved=halved,
                reduced_skip=config.reduced_skip,
            )
            self.cells.append(cell)
            before, halved = (before[1], cell.outputs), reduces
            if auxiliary and number == self.last_reduction:
                self.auxiliary = AuxiliaryHead(cell.outputs, height, width, classes)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(before[1], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        drop = self.drop_path if self.training else 0.0
        second = None
        older, newer = self.stem(x)
        for number, cell in enumerate(self.cells):
            older, newer = newer, cell(older, newer, drop)
            if number == self.last_reduction and self.training and self.auxiliary is not None:
                second = self.auxiliary(newer)
        logits = self.classifier(self.pool(newer).flatten(1))
        return logits if second is None else (logits, second)


class SmallStem(nn.Module):
    """3x3 convolution and BN, for small images; both cells' inputs are its output."""

    halvings = 0

    def __init__(self, inputs: int, channels: int):
        super().__init__()
        self.outputs = (channels, channels)
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y = self.layers(x)
        return y, y


class ImagenetStem(nn.Module):
    """Three 3x3 convolutions of stride 2; the older input is what the third one reads."""

    halvings = 3

    def __init__(self, inputs: int, channels: int):
        super().__init__()
        self.outputs = (channels, channels)
        half = channels // 2
        self.older = nn.Sequential(
            nn.Conv2d(inputs, half, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(half),
            *relu_conv_bn(half, channels, kernel=3, stride=2),
        )
        self.newer = relu_conv_bn(channels, channels, kernel=3, stride=2)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        older = self.older(x)
        return older, self.newer(older)


def make_stem(config: Any, input_shape: tuple[int, ...]) -> SmallStem | ImagenetStem:
    """The stem the settings name; "auto" takes ImageNet's from 64 pixels on both sides."""
    large = min(input_shape[1:]) >= IMAGENET_PIXELS
    if config.stem == "imagenet" or (config.stem == "auto" and large):
        return ImagenetStem(input_shape[0], config.channels)
    return SmallStem(input_shape[0], config.channels * config.stem_multiplier)


def _operation(op: str, channels: int, stride: int, reduced_skip: str) -> nn.Module:
    if op == "skip_connect" and stride == 2 and reduced_skip == "max_pool":
        return make_operation("max_pool_3x3", channels, stride)
    return make_operation(op, channels, stride)


def _halved(side: int, times: int = 1) -> int:
    for _ in range(times):
        side = (side + 1) // 2
    return side
