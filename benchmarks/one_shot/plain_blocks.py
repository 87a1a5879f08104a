"""The blocks of DARTS (1806.09055) from torch's own layers only, as in the published code.

They are the reference of the speed of the workbench's blocks (nasengine/spaces/layers), whose
parameters have the same names.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import nn
from torch.nn import functional

from nasengine.spaces.layers import blocks as fast_blocks
from nasengine.spaces.layers.cell_network import Cell
from nasengine.spaces.layers.drop_path import with_drop_path


def plain(module: nn.Module) -> nn.Module:
    """Turn the fast blocks of a module into torch's layers, in place; return the module."""
    for each in module.modules():
        if isinstance(each, fast_blocks.ReluConvBn):
            each.__class__ = nn.Sequential  # type: ignore[assignment]
        elif isinstance(each, fast_blocks.FactorizedReduce):
            each.__class__ = PlainReduction
        elif isinstance(each, Cell):
            each.__class__ = PlainCell
    return module


class PlainReduction(fast_blocks.FactorizedReduce):
    """Two 1x1 convolutions of stride 2 on the whole map, one shifted by a pixel."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu(x)
        height, width = x.shape[-2] % 2, x.shape[-1] % 2
        shifted = functional.pad(x, (0, width, 0, height)) if height or width else x
        halves = [self.even(x), self.odd(shifted[:, :, 1:, 1:])]
        return cast(torch.Tensor, self.norm(torch.cat(halves, dim=1)))


class PlainCell(Cell):
    """A cell whose edges are computed one by one."""

    def forward(self, older: torch.Tensor, newer: torch.Tensor, drop: float) -> torch.Tensor:
        states = {0: self.older(older), 1: self.newer(newer)}
        for index, sources in self.sources.items():
            pairs = zip(cast(nn.ModuleList, self.operations[str(index)]), sources, strict=True)
            left, right = (with_drop_path(op, states[source], drop) for op, source in pairs)
            states[index] = left + right
        return torch.cat([states[index] for index in self.concat], dim=1)
