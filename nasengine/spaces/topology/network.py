"""The network of space `topology`: a graph of convolutions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from ..layers.auxiliary import AuxiliaryHead
from ..layers.drop_path import Probability, drop_path, drops
from .graph import SINK, SOURCE, Graph

if TYPE_CHECKING:
    from .config import TopologyConfig


class TopologyNode(nn.Module):
    """Convolution, BN, ReLU, and a 2x2 max pool if the node halves its map."""

    def __init__(self, inputs: int, outputs: int, kernel: int, pool: bool):
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.pool = pool

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.norm(self.convolution(x)))
        return halved(x) if self.pool else x


class ProjectedSum(nn.Module):
    """The sum of maps of any number of channels, each after its own 1x1 convolution.

    Inputs with the right number of channels have one too, so that a new edge can start at zero.
    """

    def __init__(self, inputs: Mapping[int, int], outputs: int):
        super().__init__()
        self.projections = nn.ModuleDict(
            {
                str(source): nn.Conv2d(width, outputs, 1, bias=False)
                for source, width in inputs.items()
            }
        )

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        pairs = zip(self.projections.values(), maps, strict=True)
        return torch.stack([projection(x) for projection, x in pairs]).sum(dim=0)


class TopologyNetwork(nn.Module):
    """Stem, graph, means of the inputs of the sink, linear; images to logits n x classes.

    A node reads its inputs by id; larger maps are pooled to the size of the smallest, then
    concatenated, or added up by a ProjectedSum with the setting `merge`. The stem, a 3x3
    convolution with BN and ReLU, is the source. With `auxiliary`, DARTS' auxiliary head reads the
    stem, and training mode returns (logits, auxiliary logits). `drop_path` is the probability of
    dropping the output of a node in training mode.

    Args:
        config: Settings of the space.
        graph: The architecture.
        input_shape: Channels x height x width.
        classes: Number of classes.
        auxiliary: Add the auxiliary head.
    """

    def __init__(
        self,
        config: TopologyConfig,
        graph: Graph,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool,
    ):
        super().__init__()
        self.drop_path: Probability = 0.0
        self.graph = graph
        self.channels = {SOURCE: config.channels} | {
            number: node.channels for number, node in graph.nodes.items()
        }
        self.stem = TopologyNode(input_shape[0], config.channels, 3, False)
        self.nodes, self.sums = nn.ModuleDict(), nn.ModuleDict()
        for number in graph.order:
            node = graph.nodes[number]
            inputs = {source: self.channels[source] for source in graph.inputs(number)}
            width = sum(inputs.values())
            if config.merge == "sum":
                width = node.channels
                self.sums[str(number)] = ProjectedSum(inputs, width)
            self.nodes[str(number)] = TopologyNode(width, node.channels, node.kernel, node.pool)
        height, width = input_shape[1:]
        self.auxiliary = (
            AuxiliaryHead(config.channels, height, width, classes) if auxiliary else None
        )
        read = sum(self.channels[source] for source in graph.inputs(SINK))
        self.classifier = nn.Linear(read, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        drop = self.drop_path if self.training else 0.0
        stem = self.stem(x)
        maps = {SOURCE: stem}
        for number in self.graph.order:
            value = self.nodes[str(number)](self._read(number, maps))
            maps[number] = drop_path(value, drop) if drops(drop) else value
        means = [maps[source].mean(dim=(2, 3)) for source in self.graph.inputs(SINK)]
        logits = self.classifier(torch.cat(means, dim=1))
        if self.training and self.auxiliary is not None:
            return logits, self.auxiliary(stem)
        return logits

    def _read(self, number: int, maps: Mapping[int, torch.Tensor]) -> torch.Tensor:
        """Return the input map of a node: its inputs in the size of the smallest, merged."""
        level = self.graph.level_in(number)
        inputs = self.graph.inputs(number)
        read = [halved(maps[source], level - self.graph.levels[source]) for source in inputs]
        if str(number) in self.sums:
            return self.sums[str(number)](read)
        return torch.cat(read, dim=1)


def halved(x: torch.Tensor, times: int = 1) -> torch.Tensor:
    """Max-pool 2x2 `times` times; an odd last row or column is pooled by itself."""
    for _ in range(times):
        x = functional.max_pool2d(x, 2, 2, ceil_mode=True)
    return x
