"""The network of space `topology`: every node reads its inputs side by side."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ..topology_graph import SINK, SOURCE, Graph
from .auxiliary import AuxiliaryHead
from .paths import drop_path


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


class TopologyNetwork(nn.Module):
    """n x c x h x w to logits n x classes: stem, the graph, means of what the sink reads, linear.

    A node reads the concatenation of its inputs, by id, larger maps pooled to the smallest. The
    stem, a 3x3 convolution with BN and ReLU, is the source. With `auxiliary` DARTS' head
    hangs on the stem and training mode returns (logits, auxiliary logits). `drop_path` is the
    probability of dropping what a node gives.
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
        channels = {SOURCE: config.channels} | {n: one.channels for n, one in graph.nodes.items()}
        self.stem = TopologyNode(input_shape[0], config.channels, 3, False)
        self.nodes = nn.ModuleDict()
        for number in graph.order:
            node, inputs = graph.nodes[number], graph.inputs(number)
            self.nodes[str(number)] = TopologyNode(
                sum(channels[one] for one in inputs), node.channels, node.kernel, node.pool
            )
        height, width = input_shape[1:]
        self.auxiliary = (
            AuxiliaryHead(config.channels, height, width, classes) if auxiliary else None
        )
        self.classifier = nn.Linear(sum(channels[one] for one in graph.inputs(SINK)), classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        drop = self.drop_path if self.training else 0.0
        stem = self.stem(x)
        maps = {SOURCE: stem}
        for number in self.graph.order:
            inputs, level = self.graph.inputs(number), self.graph.level_in(number)
            read = [halved(maps[one], level - self.graph.levels[one]) for one in inputs]
            value = self.nodes[str(number)](torch.cat(read, dim=1))
            maps[number] = drop_path(value, drop) if drop else value
        means = [maps[one].mean(dim=(2, 3)) for one in self.graph.inputs(SINK)]
        logits = self.classifier(torch.cat(means, dim=1))
        if self.training and self.auxiliary is not None:
            return logits, self.auxiliary(stem)
        return logits


def halved(x: torch.Tensor, times: int = 1) -> torch.Tensor:
    """Max pooled 2x2, so many times; an odd last row or column counts alone."""
    for _ in range(times):
        x = functional.max_pool2d(x, 2, 2, ceil_mode=True)
    return x
