"""The network that stacks a normal and a reduction cell, as DARTS does (1806.09055)."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import nn

from ..common.cell_genome import live
from ..common.stacking import StackSettings
from .auxiliary import AuxiliaryHead
from .blocks import FactorizedReduce, relu_conv_bn
from .drop_path import Probability, drop_path, drops, with_drop_path
from .operations import make_operation
from .stems import make_stem


class Cell(nn.Module):
    """One discrete cell: two maps to one of channels x len(concat).

    Args:
        cell: Nodes and concat, see `cell_genome`.
        before: Channels of the two inputs.
        channels: Channels of each node.
        reduces: Edges from the inputs have stride 2.
        halved: The previous cell was a reduction, so the older input is twice as large.
        reduced_skip: Operation for `skip_connect` at stride 2, "factorized" or "max_pool".
    """

    def __init__(
        self,
        cell: dict[str, Any],
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
        self.concat = cell["concat"]
        self.outputs = channels * len(self.concat)
        self.sources = {
            index: [source for _, source in cell["nodes"][index - 2]] for index in live(cell)
        }
        self.operations = nn.ModuleDict()
        for index in self.sources:
            pairs = cell["nodes"][index - 2]
            strides = [2 if reduces and source < 2 else 1 for _, source in pairs]
            self.operations[str(index)] = nn.ModuleList(
                _operation(op, channels, stride, reduced_skip)
                for (op, _), stride in zip(pairs, strides, strict=True)
            )

    def forward(self, older: torch.Tensor, newer: torch.Tensor, drop: Probability) -> torch.Tensor:
        states = {0: self.older(older), 1: self.newer(newer)}
        pools: dict[tuple[str, int], torch.Tensor] = {}
        for index, (first, second) in self.sources.items():
            left, right = cast(nn.ModuleList, self.operations[str(index)])
            states[index] = _term(left, states, first, pools, drop) + _term(
                right, states, second, pools, drop
            )
        return torch.cat([states[index] for index in self.concat], dim=1)


def _term(
    operation: nn.Module,
    states: dict[int, torch.Tensor],
    source: int,
    pools: dict[tuple[str, int], torch.Tensor],
    drop: Probability,
) -> torch.Tensor:
    """Return the output of an edge; pools have no weights, so each is computed once per source."""
    if not isinstance(operation, (nn.MaxPool2d, nn.AvgPool2d)):
        return with_drop_path(operation, states[source], drop)
    key = type(operation).__name__, source
    if key not in pools:
        pools[key] = operation(states[source])
    return drop_path(pools[key], drop) if drops(drop) else pools[key]


class CellNetwork(nn.Module):
    """Stem, stacked cells, average pool, linear; n x c x h x w to logits n x classes.

    Cells at cells // 3 and 2 * cells // 3 are reductions and double the channels. With
    `auxiliary`, the auxiliary head reads the output of the second reduction, and training mode
    returns (logits, auxiliary logits). `drop_path` is the drop-path probability in training
    mode; with `drop_path_by_depth` cell n of N has n / N of it.

    Args:
        config: Settings of the space.
        genome: A "normal" and a "reduce" cell, see `cell_genome`.
        input_shape: Channels x height x width.
        classes: Number of classes.
        auxiliary: Add the auxiliary head.
    """

    def __init__(
        self,
        config: StackSettings,
        genome: dict[str, Any],
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool,
    ):
        super().__init__()
        self.drop_path: Probability = 0.0
        self.drop_path_by_depth = False
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
            cell = Cell(
                genome["reduce" if reduces else "normal"],
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
            share = (number + 1) / len(self.cells) if self.drop_path_by_depth else 1.0
            older, newer = newer, cell(older, newer, drop * share)
            if number == self.last_reduction and self.training and self.auxiliary is not None:
                second = self.auxiliary(newer)
        logits = self.classifier(self.pool(newer).flatten(1))
        return logits if second is None else (logits, second)


def _operation(op: str, channels: int, stride: int, reduced_skip: str) -> nn.Module:
    if op == "skip_connect" and stride == 2 and reduced_skip == "max_pool":
        return make_operation("max_pool_3x3", channels, stride)
    return make_operation(op, channels, stride)


def _halved(side: int, times: int = 1) -> int:
    for _ in range(times):
        side = (side + 1) // 2
    return side
