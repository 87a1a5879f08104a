"""The supernet of space `cell`: the search network of DARTS (1806.09055)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import nn

from ..common.cell_genome import CELLS
from ..layers.blocks import FactorizedReduce, relu_conv_bn
from ..layers.drop_path import Probability
from ..layers.stems import make_stem
from ..layers.supernet.graph import Mixture, Pairs, RelaxedGraph
from ..layers.supernet.network import ImageSupernet, Output
from ..layers.supernet.norm import with_batch_statistics
from .decisions import genome

if TYPE_CHECKING:
    from .config import CellConfig

INPUTS = 2


class SupernetCell(nn.Module):
    """Two preprocessors and a relaxed cell; all its nodes are concatenated.

    Args:
        config: Settings of the space.
        before: Channels of the two inputs.
        channels: Channels of each node.
        partial: One in `partial` channels goes through the operations.
        reduces: Edges from the inputs have stride 2.
        halved: The previous cell was a reduction, so the older input is twice as large.
    """

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
        self.kind = CELLS[reduces]
        self.outputs = channels * config.nodes
        self.graph = RelaxedGraph(
            INPUTS,
            config.nodes,
            channels,
            2 if reduces else 1,
            config.operations,
            reduced_skip=config.reduced_skip,
            partial=partial,
        )

    def forward(self, older: torch.Tensor, newer: torch.Tensor, mixture: Mixture) -> torch.Tensor:
        return torch.cat(self.graph((self.older(older), self.newer(newer)), mixture), dim=1)

    def run_pairs(
        self, older: torch.Tensor, newer: torch.Tensor, pairs: Pairs, drop: Probability = 0.0
    ) -> torch.Tensor:
        """Return the same with only these (operation, source) pairs of each node."""
        inputs = (self.older(older), self.newer(newer))
        return torch.cat(self.graph.run_pairs(inputs, pairs, drop), dim=1)


class CellSupernet(ImageSupernet):
    """Every cell has all operations of the settings; cells of the same kind share their alphas.

    Alphas "normal" and "reduce" are edges x operations, edges by target, then by source. With
    `partial` = K there are also "normal_edges" and "reduce_edges", see `RelaxedGraph`.
    """

    def __init__(
        self, config: CellConfig, input_shape: tuple[int, ...], classes: int, partial: int
    ):
        super().__init__()
        self.nodes = config.nodes
        self.choosable = tuple(op for op in config.operations if op != "none")
        for name in CELLS:
            self.add_alphas(name, INPUTS, self.nodes, len(config.operations), edges=partial > 1)
        self.stem = make_stem(config, input_shape)
        with_batch_statistics(self.stem, affine=True)
        before, halved = self.stem.outputs, self.stem.halvings > 0
        channels = config.channels
        halvings = len(set(config.reductions))
        self.cells = nn.ModuleList()
        for number in range(config.cells):
            reduces = number in config.reductions
            channels *= 2 if reduces else 1
            cell = SupernetCell(config, before, channels, partial, reduces=reduces, halved=halved)
            self.cells.append(cell)
            before, halved = (before[1], cell.outputs), reduces
            if number == config.reductions[1]:
                self.auxiliary_source = (
                    cell.outputs,
                    self.stem.halvings + halvings,
                )
        self.last_reduction = config.reductions[1]
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(before[1], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mixtures = {name: self.mixture(name, INPUTS, self.nodes) for name in CELLS}
        older, newer = self.stem(x.contiguous(memory_format=torch.channels_last))
        for cell in self.cells:
            older, newer = newer, cell(older, newer, mixtures[cast(SupernetCell, cell).kind])
        return self._logits(newer)

    def forward_architecture(self, x: torch.Tensor, choices: Sequence[int]) -> Output:
        cells = genome(choices, self.nodes, self.choosable)
        older, newer = self.stem(x.contiguous(memory_format=torch.channels_last))
        features = newer
        for number, module in enumerate(self.cells):
            cell = cast(SupernetCell, module)
            pairs, drop = cells[cell.kind]["nodes"], self.drop_of(number + 1, len(self.cells))
            older, newer = newer, cell.run_pairs(older, newer, pairs, drop)
            features = newer if number == self.last_reduction else features
        return self.with_auxiliary(self._logits(newer), features)

    def _logits(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.classifier(self.pool(x).flatten(1))
        return logits
