"""The network of space `nb201`, as in NAS-Bench-201 (2001.00326)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import nn

from ..layers.auxiliary import AuxiliaryHead
from ..layers.blocks import relu_conv_bn
from ..layers.drop_path import Probability, with_drop_path
from ..layers.operations import make_operation

if TYPE_CHECKING:
    from .config import NB201Config

STAGES = 3
NODES = 4
Placed = tuple[tuple[str, tuple[int, int]], ...]


class Cell(nn.Module):
    """Four nodes, each the sum of its edges; n x c x h x w to the same shape.

    Edges of `none` are not built; a node without any other edge is zero.
    """

    def __init__(self, placed: Placed, channels: int):
        super().__init__()
        kept = [(op, ends) for op, ends in placed if op != "none"]
        self.ends = [ends for _, ends in kept]
        self.operations = nn.ModuleList(make_operation(op, channels, 1) for op, _ in kept)

    def forward(self, x: torch.Tensor, drop: Probability) -> torch.Tensor:
        states: list[torch.Tensor | None] = [x] + [None] * (NODES - 1)
        # Edges are ordered by target, so the sum of a source is complete when it is read.
        for operation, (source, target) in zip(self.operations, self.ends, strict=True):
            value = states[source]
            if value is None:
                value = torch.zeros_like(x)
            term = with_drop_path(operation, value, drop)
            total = states[target]
            states[target] = term if total is None else total + term
        output = states[-1]
        return torch.zeros_like(x) if output is None else output


class ResidualReduction(nn.Module):
    """Two 3x3 convolutions, the first of stride 2, plus a shortcut of average pool and 1x1.

    On odd sides the last pooling window is cut off, so that both branches have the same size.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.first = relu_conv_bn(inputs, outputs, kernel=3, stride=2)
        self.second = relu_conv_bn(outputs, outputs, kernel=3)
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2, 2, ceil_mode=True), nn.Conv2d(inputs, outputs, 1, bias=False)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shortcut(x) + self.second(self.first(x))


class NB201Network(nn.Module):
    """Stem, three stages of cells, head; n x c x h x w to logits n x classes.

    The benchmark has no auxiliary head. With `auxiliary`, DARTS' auxiliary head reads the output
    of the second reduction, and training mode returns (logits, auxiliary logits). `drop_path` is
    the drop-path probability inside the cells in training mode.

    Args:
        config: Settings of the space.
        placed: (operation, (source, target)) of each edge.
        input_shape: Channels x height x width.
        classes: Number of classes.
        auxiliary: Add the auxiliary head.
    """

    def __init__(
        self,
        config: NB201Config,
        placed: Placed,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool,
    ):
        super().__init__()
        self.drop_path: Probability = 0.0
        channels = config.channels
        self.stem = nn.Sequential(
            nn.Conv2d(input_shape[0], channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.stages = nn.ModuleList()
        self.reductions = nn.ModuleList()
        for stage in range(STAGES):
            if stage:
                self.reductions.append(ResidualReduction(channels, channels * 2))
                channels *= 2
            self.stages.append(nn.ModuleList(Cell(placed, channels) for _ in range(config.cells)))
        height, width = ((side + 3) // 4 for side in input_shape[1:])
        self.auxiliary = AuxiliaryHead(channels, height, width, classes) if auxiliary else None
        self.head = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        drop = self.drop_path if self.training else 0.0
        x = self.stem(x)
        for stage, cells in enumerate(self.stages):
            if stage:
                x = self.reductions[stage - 1](x)
            reduced = x
            for cell in cast(nn.ModuleList, cells):
                x = cell(x, drop)
        logits = self.classifier(self.head(x).flatten(1))
        if self.training and self.auxiliary is not None:
            return logits, self.auxiliary(reduced)
        return logits
