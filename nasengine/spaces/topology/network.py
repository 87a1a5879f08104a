"""The network of space `topology`: every node reads its inputs side by side, or their sum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ..layers.auxiliary import AuxiliaryHead
from ..layers.paths import drop_path
from .graph import SINK, SOURCE, Graph


class TopologyNode(nn.Module):
    """Convolution, BN, ReLU, and a 2x2 max pool where the node halves its map."""

    def __init__(self, inputs: int, outputs: int, kernel: int, pool: bool):
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.pool = pool

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.norm(self.convolution(x)))
        return halved(x) if self.pool else x


class ProjectedSum(nn.Module):
    """Maps of any channels to their sum: each goes through a 1x1 convolution of its own.

    An input of the right width has one too, so that any new edge can begin at zero.
    """

    def __init__(self, inputs: Mapping[int, int], outputs: int):
        super().__init__()
        self.projections = nn.ModuleDict(
            {str(one): nn.Conv2d(width, outputs, 1, bias=False) for one, width in inputs.items()}
        )

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        each = zip(self.projections.values(), maps, strict=True)
        return torch.stack([projection(x) for projection, x in each]).sum(dim=0)


class TopologyNetwork(nn.Module):
    """n x c x h x w to logits n x classes: stem, the graph, means of what the sink reads, linear.

    A node reads its inputs by id, larger maps pooled to the smallest, concatenated or, where
    `config.merge` says so, as the ProjectedSum that `sums` holds. The sink concatenates means:
    for a linear layer that is a sum. The stem, a 3x3 convolution with BN and ReLU, is the
    source. With `auxiliary` DARTS' head hangs on the stem and training mode returns (logits,
    auxiliary logits). `drop_path` is the probability of dropping what a node gives.
    """

    def __init__(
        self,
        config: Any,
        graph: Graph,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool,
    ):
        super().__init__()
        self.drop_path = 0.0
        self.graph = graph
        self.channels = {SOURCE: config.channels} | {
            n: one.channels for n, one in graph.nodes.items()
        }
        self.stem = TopologyNode(input_shape[0], config.channels, 3, False)
        self.nodes, self.sums = nn.ModuleDict(), nn.ModuleDict()
        for number in graph.order:
            node = graph.nodes[number]
            inputs = {one: self.channels[one] for one in graph.inputs(number)}
            width = sum(inputs.values())
            if config.merge == "sum":
                width = node.channels
                self.sums[str(number)] = ProjectedSum(inputs, width)
            self.nodes[str(number)] = TopologyNode(width, node.channels, node.kernel, node.pool)
        height, width = input_shape[1:]
        self.auxiliary = (
            AuxiliaryHead(config.channels, height, width, classes) if auxiliary else None
        )
        read = sum(self.channels[one] for one in graph.inputs(SINK))
        self.classifier = nn.Linear(read, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        drop = self.drop_path if self.training else 0.0
        stem = self.stem(x)
        maps = {SOURCE: stem}
        for number in self.graph.order:
            value = self.nodes[str(number)](self._read(number, maps))
            maps[number] = drop_path(value, drop) if drop else value
        means = [maps[one].mean(dim=(2, 3)) for one in self.graph.inputs(SINK)]
        logits = self.classifier(torch.cat(means, dim=1))
        if self.training and self.auxiliary is not None:
            return logits, self.auxiliary(stem)
        return logits

    def _read(self, number: int, maps: Mapping[int, torch.Tensor]) -> torch.Tensor:
        """What a convolution reads: its inputs at the size of the smallest, as one map."""
        level = self.graph.level_in(number)
        inputs = self.graph.inputs(number)
        read = [halved(maps[one], level - self.graph.levels[one]) for one in inputs]
        if str(number) in self.sums:
            return self.sums[str(number)](read)
        return torch.cat(read, dim=1)


def halved(x: torch.Tensor, times: int = 1) -> torch.Tensor:
    """Max pooled 2x2, so many times; an odd last row or column counts alone."""
    for _ in range(times):
        x = functional.max_pool2d(x, 2, 2, ceil_mode=True)
    return x
