"""The supernet of space `enas-micro` (1802.03268), which runs one architecture at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import nn
from torch.nn import functional

from ..common.block_genome import Blocks, cells
from ..common.cell_genome import CELLS, unused
from ..layers.blocks import FactorizedReduce, relu_conv_bn
from ..layers.drop_path import Probability
from ..layers.stems import make_stem
from ..layers.supernet.graph import Mixture, RelaxedGraph
from ..layers.supernet.network import ImageSupernet, Output
from ..layers.supernet.norm import normalised, with_batch_statistics

if TYPE_CHECKING:
    from .config import EnasMicroConfig

INPUTS = 2


class EnasMicroSupernetCell(nn.Module):
    """Two preprocessors, and all operations between all blocks.

    The number of unread blocks differs between architectures, so their maps are not concatenated
    but projected to `channels`: ReLU, a 1x1 convolution with separate weights for each block,
    BN. The released code does the same in its search.

    Args:
        config: Settings of the space.
        before: Channels of the two inputs.
        channels: Channels of each block and of the output.
        reduces: Edges from the inputs have stride 2.
        halved: The previous cell was a reduction, so the older input is twice as large.
    """

    def __init__(
        self,
        config: EnasMicroConfig,
        before: tuple[int, int],
        channels: int,
        *,
        reduces: bool,
        halved: bool,
    ):
        super().__init__()
        older = FactorizedReduce if halved else relu_conv_bn
        self.older = with_batch_statistics(older(before[0], channels), affine=False)
        self.newer = with_batch_statistics(relu_conv_bn(before[1], channels), affine=False)
        self.kind = CELLS[reduces]
        stride = 2 if reduces else 1
        self.graph = RelaxedGraph(
            INPUTS,
            config.nodes,
            channels,
            stride,
            config.operations,
            reduced_skip=config.reduced_skip,
        )
        bound = channels**-0.5
        weight = torch.empty(config.nodes, channels, channels, 1, 1)
        self.squeeze = nn.Parameter(weight.uniform_(-bound, bound))

    def run_blocks(
        self, older: torch.Tensor, newer: torch.Tensor, blocks: Blocks, drop: Probability = 0.0
    ) -> torch.Tensor:
        """Return n x channels x h x w with only the operations of these blocks."""
        maps = self.graph.run_pairs((self.older(older), self.newer(newer)), blocks, drop)
        return self._project(maps, [index - INPUTS for index in unused(blocks)])

    def forward(self, older: torch.Tensor, newer: torch.Tensor) -> torch.Tensor:
        """Return the same with the mean of all operations and with all blocks."""
        graph, weight = self.graph, 1 / len(self.graph.names)
        edges = [len(graph.targets(number)) for number in range(len(graph.fans))]
        even = tuple(newer.new_full((count, len(graph.names)), weight) for count in edges)
        maps = graph((self.older(older), self.newer(newer)), Mixture(even, None))
        return self._project(maps, list(range(len(maps))))

    def _project(self, maps: Sequence[torch.Tensor], unread: list[int]) -> torch.Tensor:
        joined = functional.relu(torch.cat([maps[block] for block in unread], dim=1))
        weight = torch.cat([self.squeeze[block] for block in unread], dim=1)
        return normalised(functional.conv2d(joined, weight))


class EnasMicroSupernet(ImageSupernet):
    """Weights of every operation between all blocks of every cell, without alphas.

    `forward` takes the mean of all operations. It serves to measure the cost of the whole
    network; the search does not use it.
    """

    def __init__(self, config: EnasMicroConfig, input_shape: tuple[int, ...], classes: int):
        super().__init__()
        self.operations = config.operations
        self.stem = make_stem(config, input_shape)
        with_batch_statistics(self.stem, affine=True)
        before, halved = self.stem.outputs, self.stem.halvings > 0
        channels = config.channels
        halvings = len(set(config.reductions))
        self.cells = nn.ModuleList()
        for number in range(config.cells):
            reduces = number in config.reductions
            channels *= 2 if reduces else 1
            cell = EnasMicroSupernetCell(config, before, channels, reduces=reduces, halved=halved)
            self.cells.append(cell)
            before, halved = (before[1], channels), reduces
            if number == config.reductions[1]:
                self.auxiliary_source = channels, self.stem.halvings + halvings
        self.last_reduction = config.reductions[1]
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(before[1], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        older, newer = self.stem(x.contiguous(memory_format=torch.channels_last))
        for cell in self.cells:
            older, newer = newer, cell(older, newer)
        return self._logits(newer)

    def forward_architecture(self, x: torch.Tensor, choices: Sequence[int]) -> Output:
        blocks = cells(choices, CELLS, self.operations)
        older, newer = self.stem(x.contiguous(memory_format=torch.channels_last))
        features = newer
        for number, module in enumerate(self.cells):
            cell = cast(EnasMicroSupernetCell, module)
            drop = self.drop_of(number + 1, len(self.cells))
            older, newer = newer, cell.run_blocks(older, newer, blocks[cell.kind], drop)
            features = newer if number == self.last_reduction else features
        return self.with_auxiliary(self._logits(newer), features)

    def _logits(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.classifier(self.pool(x).flatten(1))
        return logits
