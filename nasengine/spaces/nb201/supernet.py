"""The supernet of space `nb201`: relaxed cells in the network of NAS-Bench-201 (2001.00326)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import nn

from ..layers.supernet.graph import RelaxedGraph, edge_number
from ..layers.supernet.network import ImageSupernet, Output
from ..layers.supernet.norm import with_batch_statistics
from .network import NODES, STAGES, ResidualReduction

if TYPE_CHECKING:
    from .config import NB201Config

INPUTS = 1


class NB201Supernet(ImageSupernet):
    """All cells share the alphas "cell": 6 edges x 5 operations in the order of the string.

    With `partial` = K there are also alphas "cell_edges", see `RelaxedGraph`. Only batch
    normalisation outside the cells has a learned scale and shift. With the setting `pool_norm`
    the pools are normalised as in DARTS; the authors' code has no batch norm there, because
    their pools keep the number of channels.
    """

    def __init__(
        self,
        config: NB201Config,
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
        self.stem = with_batch_statistics(
            nn.Sequential(stem, nn.BatchNorm2d(channels)), affine=True
        )
        self.stages = nn.ModuleList()
        self.reductions = nn.ModuleList()
        for stage in range(STAGES):
            if stage:
                reduction = ResidualReduction(channels, channels * 2)
                self.reductions.append(with_batch_statistics(reduction, affine=True))
                channels *= 2
            cells = [
                RelaxedGraph(
                    INPUTS,
                    NODES - INPUTS,
                    channels,
                    1,
                    operations,
                    partial=partial,
                    pool_norm=config.pool_norm,
                )
                for _ in range(config.cells)
            ]
            self.stages.append(nn.ModuleList(cells))
        head = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.head = with_batch_statistics(head, affine=True)
        self.auxiliary_source = channels, STAGES - 1
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mixture = self.mixture("cell", INPUTS, NODES - INPUTS)
        return self._run(x, lambda cell, y: cell((y,), mixture)[-1])[0]

    def forward_architecture(self, x: torch.Tensor, choices: Sequence[int]) -> Output:
        pairs = [
            [
                (self.operations[choices[edge_number(source, target, INPUTS)]], source)
                for source in range(target)
            ]
            for target in range(INPUTS, NODES)
        ]
        drop = self.drop_of(1, 1)
        return self.with_auxiliary(
            *self._run(x, lambda cell, y: cell.run_pairs((y,), pairs, drop)[-1])
        )

    def _run(
        self, x: torch.Tensor, run_cell: Callable[[RelaxedGraph, torch.Tensor], torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the logits, and the output of the second reduction."""
        x = self.stem(x.contiguous(memory_format=torch.channels_last))
        for stage, cells in enumerate(self.stages):
            if stage:
                x = self.reductions[stage - 1](x)
            features = x
            for cell in cast(nn.ModuleList, cells):
                x = run_cell(cast(RelaxedGraph, cell), x)
        return self.classifier(self.head(x).flatten(1)), features
