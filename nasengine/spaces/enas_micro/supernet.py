"""The shared network of space `enas-micro` (1802.03268): one architecture is run at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional

from ..common.block_genome import Blocks, cells
from ..common.cell_genome import CELLS, unused
from ..layers.blocks import FactorizedReduce, relu_conv_bn
from ..layers.cell_network import make_stem
from ..layers.supernet.graph import Mixture, RelaxedGraph
from ..layers.supernet.network import ImageSupernet
from ..layers.supernet.norm import by_the_batch, normalised

INPUTS = 2


class EnasMicroSupernetCell(nn.Module):
    """All operations between all blocks, behind two preprocessors.

    How many blocks end unread differs from architecture to architecture, so their maps are not
    joined but squeezed to `channels`: ReLU, a 1x1 convolution with weights of its own for each
    block, BN. Released code does the same in its search.
    """

    def __init__(
        self, config: Any, before: tuple[int, int], channels: int, *, reduces: bool, halved: bool
    ):
        super().__init__()
        older = FactorizedReduce if halved else relu_conv_bn
        self.older = by_the_batch(older(before[0], channels), affine=False)
        self.newer = by_the_batch(relu_conv_bn(before[1], channels), affine=False)
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

    def one(self, older: torch.Tensor, newer: torch.Tensor, blocks: Blocks) -> torch.Tensor:
        """n x channels x h x w through the chosen operations alone."""
        maps = self.graph.one((self.older(older), self.newer(newer)), blocks)
        return self._squeezed(maps, [index - INPUTS for index in unused(blocks)])

    def forward(self, older: torch.Tensor, newer: torch.Tensor) -> torch.Tensor:
        """The same through all operations, evenly mixed, and all blocks."""
        graph, share = self.graph, 1 / len(self.graph.names)
        rows = [len(graph.targets(number)) for number in range(len(graph.fans))]
        even = tuple(newer.new_full((row, len(graph.names)), share) for row in rows)
        maps = graph((self.older(older), self.newer(newer)), Mixture(even, None))
        return self._squeezed(maps, list(range(len(maps))))

    def _squeezed(self, maps: Sequence[torch.Tensor], ends: list[int]) -> torch.Tensor:
        joined = functional.relu(torch.cat([maps[end] for end in ends], dim=1))
        weight = torch.cat([self.squeeze[end] for end in ends], dim=1)
        return normalised(functional.conv2d(joined, weight))


class EnasMicroSupernet(ImageSupernet):
    """Weights of every operation between all blocks of every cell; there are no alphas.

    `forward` mixes all operations evenly: it says what the whole network costs, and nothing is
    searched by it.
    """

    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int):
        super().__init__()
        self.operations = config.operations
        self.stem = make_stem(config, input_shape)
        by_the_batch(self.stem, affine=True)
        before, halved = self.stem.outputs, self.stem.halvings > 0
        channels = config.channels
        self.cells = nn.ModuleList()
        for number in range(config.cells):
            reduces = number in config.reductions
            channels *= 2 if reduces else 1
            cell = EnasMicroSupernetCell(config, before, channels, reduces=reduces, halved=halved)
            self.cells.append(cell)
            before, halved = (before[1], channels), reduces
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(before[1], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        older, newer = self.stem(x.contiguous(memory_format=torch.channels_last))
        for cell in self.cells:
            older, newer = newer, cell(older, newer)
        return self._logits(newer)

    def forward_architecture(self, x: torch.Tensor, choices: Sequence[int]) -> torch.Tensor:
        chosen = cells(choices, CELLS, self.operations)
        older, newer = self.stem(x.contiguous(memory_format=torch.channels_last))
        for each in self.cells:
            cell = cast(EnasMicroSupernetCell, each)
            older, newer = newer, cell.one(older, newer, chosen[cell.kind])
        return self._logits(newer)

    def _logits(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.classifier(self.pool(x).flatten(1))
        return logits
