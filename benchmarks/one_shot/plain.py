"""Plain supernets as in the papers: one module for each edge and operation.

They are the reference of the fused supernets in nasengine/spaces/layers/supernet: tests check that
both compute the same, and a benchmark compares their speed.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional

from benchmarks.one_shot.plain_blocks import plain
from nasengine.spaces.cell.config import CellConfig
from nasengine.spaces.layers.blocks import FactorizedReduce, relu_conv_bn
from nasengine.spaces.layers.operations import make_operation
from nasengine.spaces.layers.stems import make_stem
from nasengine.spaces.nb201.config import OPS
from nasengine.spaces.nb201.network import ResidualReduction


class Zero(nn.Module):
    """The operation `none`."""

    def __init__(self, stride: int):
        super().__init__()
        self.stride = stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, :: self.stride, :: self.stride].mul(0.0)


def plain_operation(op: str, channels: int, stride: int, reduced_skip: str) -> nn.Module:
    """Return an operation of a relaxed edge: BN without scale, and a BN after a pool."""
    if op == "none":
        return Zero(stride)
    if op == "skip_connect" and stride == 2 and reduced_skip == "max_pool":
        op = "max_pool_3x3"
    made = make_operation(op, channels, stride)
    if "pool" in op:
        made = nn.Sequential(made, nn.BatchNorm2d(channels))
    return with_batch_statistics(made, affine=False)


def with_batch_statistics(module: nn.Module, affine: bool) -> nn.Module:
    """Remove running statistics of every BN, and scale and shift if not `affine`."""
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.track_running_stats = False
            layer.running_mean = layer.running_var = layer.num_batches_tracked = None
            if not affine:
                layer.affine = False
                layer.weight = layer.bias = None  # type: ignore[assignment]
    return module


class PlainEdge(nn.Module):
    """Weighted sum of all operations of one edge; with partial > 1 on a part of the channels."""

    def __init__(
        self,
        operations: tuple[str, ...],
        channels: int,
        stride: int,
        reduced_skip: str,
        partial: int,
    ):
        super().__init__()
        self.partial = partial
        self.width = channels // partial
        self.stride = stride
        self.operations = nn.ModuleList(
            plain_operation(op, self.width, stride, reduced_skip) for op in operations
        )

    def forward(self, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        through = x[:, : self.width]
        pairs = zip(weights, self.operations, strict=True)
        mixed = cast(torch.Tensor, sum(weight * operation(through) for weight, operation in pairs))
        if self.partial == 1:
            return mixed
        rest = x[:, self.width :]
        if self.stride == 2:
            rest = functional.max_pool2d(rest, 2, 2, ceil_mode=True)
        return functional.channel_shuffle(torch.cat([mixed, rest], dim=1), self.partial)


class PlainGraph(nn.Module):
    """A cell graph; the edges have the order of the architecture parameters."""

    def __init__(
        self,
        inputs: int,
        nodes: int,
        operations: tuple[str, ...],
        channels: int,
        stride: int,
        *,
        reduced_skip: str = "factorized",
        partial: int = 1,
    ):
        super().__init__()
        self.inputs = inputs
        self.nodes = nodes
        self.edges = nn.ModuleList(
            PlainEdge(operations, channels, stride if source < inputs else 1, reduced_skip, partial)
            for target in range(inputs, inputs + nodes)
            for source in range(target)
        )

    def forward(
        self, inputs: list[torch.Tensor], alphas: torch.Tensor, betas: torch.Tensor | None
    ) -> list[torch.Tensor]:
        weights = functional.softmax(alphas, dim=-1)
        states, first = list(inputs), 0
        for target in range(self.inputs, self.inputs + self.nodes):
            terms = [
                self.edges[first + source](states[source], weights[first + source])
                for source in range(target)
            ]
            if betas is not None:
                shares = functional.softmax(betas[first : first + target], dim=0)
                terms = [share * term for share, term in zip(shares, terms, strict=True)]
            states.append(cast(torch.Tensor, sum(terms)))
            first += target
        return states[self.inputs :]


class PlainCell(nn.Module):
    """Two preprocessors and a graph; the nodes are concatenated."""

    def __init__(
        self,
        config: CellConfig,
        before: tuple[int, int],
        channels: int,
        partial: int,
        *,
        reduces: bool,
        halved: bool,
    ):
        super().__init__()
        older = FactorizedReduce if halved else relu_conv_bn
        self.older = with_batch_statistics(older(before[0], channels), affine=False)
        self.newer = with_batch_statistics(relu_conv_bn(before[1], channels), affine=False)
        self.kind = "reduce" if reduces else "normal"
        self.graph = PlainGraph(
            2,
            config.nodes,
            config.operations,
            channels,
            2 if reduces else 1,
            reduced_skip=config.reduced_skip,
            partial=partial,
        )


class PlainCellNetwork(nn.Module):
    """The plain supernet of space `cell`; `alphas` have the names of the fused form."""

    def __init__(
        self, config: CellConfig, input_shape: tuple[int, ...], classes: int, partial: int = 1
    ):
        super().__init__()
        self.alphas = nn.ParameterDict()
        edges = sum(range(2, config.nodes + 2))
        for name in ("normal", "reduce"):
            self.alphas[name] = nn.Parameter(torch.zeros(edges, len(config.operations)))
            if partial > 1:
                self.alphas[f"{name}_edges"] = nn.Parameter(torch.zeros(edges))
        self.stem = make_stem(config, input_shape)
        with_batch_statistics(self.stem, affine=True)
        before, halved, channels = self.stem.outputs, self.stem.halvings > 0, config.channels
        self.cells = nn.ModuleList()
        for number in range(config.cells):
            reduces = number in config.reductions
            channels *= 2 if reduces else 1
            cell = PlainCell(config, before, channels, partial, reduces=reduces, halved=halved)
            self.cells.append(cell)
            before, halved = (before[1], channels * config.nodes), reduces
        self.classifier = nn.Linear(before[1], classes)
        plain(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        older, newer = self.stem(x)
        for each in self.cells:
            cell = cast(PlainCell, each)
            betas = self.alphas.get(f"{cell.kind}_edges")
            inputs = [cell.older(older), cell.newer(newer)]
            older, newer = newer, torch.cat(cell.graph(inputs, self.alphas[cell.kind], betas), 1)
        logits: torch.Tensor = self.classifier(newer.mean((2, 3)))
        return logits


class PlainNB201Network(nn.Module):
    """The plain supernet of space `nb201`."""

    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int, partial: int = 1):
        super().__init__()
        self.alphas = nn.ParameterDict({"cell": nn.Parameter(torch.zeros(6, len(OPS)))})
        if partial > 1:
            self.alphas["cell_edges"] = nn.Parameter(torch.zeros(6))
        channels = config.channels
        stem = nn.Conv2d(input_shape[0], channels, 3, padding=1, bias=False)
        self.stem = with_batch_statistics(
            nn.Sequential(stem, nn.BatchNorm2d(channels)), affine=True
        )
        self.stages, self.reductions = nn.ModuleList(), nn.ModuleList()
        for stage in range(3):
            if stage:
                reduction = ResidualReduction(channels, channels * 2)
                self.reductions.append(with_batch_statistics(reduction, affine=True))
                channels *= 2
            cells = (
                PlainGraph(1, 3, OPS, channels, 1, partial=partial) for _ in range(config.cells)
            )
            self.stages.append(nn.ModuleList(cells))
        head = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())
        self.head = with_batch_statistics(head, affine=True)
        self.classifier = nn.Linear(channels, classes)
        plain(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for stage, cells in enumerate(self.stages):
            x = self.reductions[stage - 1](x) if stage else x
            for cell in cast(nn.ModuleList, cells):
                x = cell([x], self.alphas["cell"], self.alphas.get("cell_edges"))[-1]
        logits: torch.Tensor = self.classifier(self.head(x).mean((2, 3)))
        return logits
