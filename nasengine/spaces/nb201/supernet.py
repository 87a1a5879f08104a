"""The shared network of space `nb201`: relaxed cells in the benchmark's skeleton (2001.00326)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import nn

from ..layers.supernet.graph import RelaxedGraph, edge_number
from ..layers.supernet.network import ImageSupernet
from ..layers.supernet.norm import by_the_batch
from .network import NODES, STAGES, ResidualReduction

INPUTS = 1


class NB201Supernet(ImageSupernet):
    """All cells share the alphas "cell", 6 edges x 5 operations in the order of the string.

    With `partial` = K there are "cell_edges" too, see `RelaxedGraph`. Batch normalisation has
    scale and shift outside of the cells only.
    """

    def __init__(
        self,
        config: Any,
        operations: tuple[str, ...],
        input_shape: tuple[int, ...],
        classes: int,
        partial: int,
    ):
        super().__init__()
        self.operations = operations
        self.add_alphas("cell", INPUTS, NODES - INPUTS, len(operations), edges=partial > 1)
        channels = config.channels
        stem = nn.Conv2d(input_shape[0], channels, 3, padding=1, bias=False)
        self.stem = by_the_batch(nn.Sequential(stem, nn.BatchNorm2d(channels)), affine=True)
        self.stages = nn.ModuleList()
        self.reductions = nn.ModuleList()
        for stage in range(STAGES):
            if stage:
                reduction = ResidualReduction(channels, channels * 2)
                self.reductions.append(by_the_batch(reduction, affine=True))
                channels *= 2
            cells = [
                RelaxedGraph(INPUTS, NODES - INPUTS, channels, 1, operations, partial=partial)
                for _ in range(config.cells)
            ]
            self.stages.append(nn.ModuleList(cells))
        head = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.head = by_the_batch(head, affine=True)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mixture = self.mixture("cell", INPUTS, NODES - INPUTS)
        return self._through(x, lambda cell, y: cell((y,), mixture)[-1])

    def forward_architecture(self, x: torch.Tensor, choices: Sequence[int]) -> torch.Tensor:
        chosen = [
            [
                (self.operations[choices[edge_number(source, target, INPUTS)]], source)
                for source in range(target)
            ]
            for target in range(INPUTS, NODES)
        ]
        return self._through(x, lambda cell, y: cell.one((y,), chosen)[-1])

    def _through(self, x: torch.Tensor, run: Any) -> torch.Tensor:
        x = self.stem(x.contiguous(memory_format=torch.channels_last))
        for stage, cells in enumerate(self.stages):
            if stage:
                x = self.reductions[stage - 1](x)
            for cell in cast(nn.ModuleList, cells):
                x = run(cell, x)
        logits: torch.Tensor = self.classifier(self.head(x).flatten(1))
        return logits
