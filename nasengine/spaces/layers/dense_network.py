"""Networks whose layers read everything before them: CondenseNet's, and DPP-Net's cells in it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from .auxiliary import AuxiliaryHead
from .learned_group import Condensing, LearnedGroupConv
from .paths import drop_path

DOUBLE = 2  # the stem has twice as many channels as the first layers add


class ChannelShuffle(nn.Module):
    """Mixes the groups of a group convolution: n x c x h x w, channels dealt out in turn."""

    def __init__(self, groups: int):
        super().__init__()
        self.groups = groups

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _, channels, height, width = x.shape
        dealt = x.view(-1, self.groups, channels // self.groups, height, width)
        return dealt.transpose(1, 2).reshape(-1, channels, height, width)


def condensed_layer(
    inputs: int, growth: int, bottleneck: int, groups: int, condensation: int
) -> nn.Sequential:
    """CondenseNet's layer: BN, ReLU, learned group 1x1; BN, ReLU, shuffle, group 3x3."""
    inner = bottleneck * growth
    return nn.Sequential(
        nn.BatchNorm2d(inputs),
        nn.ReLU(),
        LearnedGroupConv(inputs, inner, groups, condensation),
        nn.BatchNorm2d(inner),
        nn.ReLU(),
        ChannelShuffle(groups),
        nn.Conv2d(inner, growth, 3, padding=1, groups=groups, bias=False),
    )


class DenseBlock(nn.Module):
    """Layers that each add channels to what they read; n x c in, n x c + sum of growths out."""

    def __init__(self, layers: Sequence[nn.Module]):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: torch.Tensor, drop: float) -> torch.Tensor:
        for layer in self.layers:
            added = layer(x)
            if drop:
                added = drop_path(added, drop)
            x = torch.cat([x, added], dim=1)
        return x


class DenseCell(nn.Module):
    """A cell of DPP-Net: norm and convolution in turn, each convolution adding `growth` channels.

    Every layer reads everything before it, the cell's input included. A norm layer at the
    end normalises what the cell gives on.
    """

    def __init__(self, layers: Sequence[str], inputs: int, growth: int, groups: int, squeeze: int):
        super().__init__()
        self.norms, self.convolutions = nn.ModuleList(), nn.ModuleList()
        self.outputs = inputs
        for place, name in enumerate(layers):
            if place % 2 == 0:
                self.norms.append(dense_norm(name, self.outputs))
            else:
                made = dense_convolution(name, self.outputs, growth, groups, squeeze)
                self.convolutions.append(made)
                self.outputs += growth

    def forward(self, x: torch.Tensor, drop: float) -> torch.Tensor:
        for norm, convolution in zip(self.norms, self.convolutions, strict=False):
            added = convolution(norm(x))
            if drop:
                added = drop_path(added, drop)
            x = torch.cat([x, added], dim=1)
        return self.norms[-1](x) if len(self.norms) > len(self.convolutions) else x


def dense_norm(name: str, channels: int) -> nn.Module:
    """One of DPP-Net's three norms."""
    if name == "bn_relu":
        return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())
    return nn.BatchNorm2d(channels) if name == "bn" else nn.Identity()


def dense_convolution(
    name: str, inputs: int, outputs: int, groups: int, condensation: int
) -> nn.Module:
    """One of DPP-Net's six convolutions, inputs to outputs.

    The depthwise one keeps its number of channels by nature: a 1x1 convolution behind it brings
    them to `outputs`. Group convolutions take the largest number of groups up to `groups` that
    divides both sides.
    """
    split = math.gcd(math.gcd(inputs, outputs), groups)
    if name == "conv_1x1":
        return nn.Conv2d(inputs, outputs, 1, bias=False)
    if name == "conv_3x3":
        return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    if name == "group_1x1":
        return nn.Conv2d(inputs, outputs, 1, groups=split, bias=False)
    if name == "group_3x3":
        return nn.Conv2d(inputs, outputs, 3, padding=1, groups=split, bias=False)
    if name == "learned_group_1x1":
        return LearnedGroupConv(inputs, outputs, math.gcd(outputs, groups), condensation)
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
        nn.Conv2d(inputs, outputs, 1, bias=False),
    )


class DenseNetwork(Condensing):
    """n x c x h x w to logits n x classes: stem, blocks with average pooling between, head.

    `blocks` are modules from (n x channels, drop) to more channels, each with how many it
    gives. With `auxiliary` DARTS' head hangs before the last block and training mode returns
    (logits, auxiliary logits). `drop_path` is the probability of dropping what a layer adds.
    """

    def __init__(
        self,
        stem: int,
        blocks: Sequence[tuple[nn.Module, int]],
        input_shape: tuple[int, ...],
        classes: int,
        *,
        auxiliary: bool,
    ):
        super().__init__()
        self.drop_path = 0.0
        self.stem = nn.Conv2d(input_shape[0], stem, 3, padding=1, bias=False)
        self.blocks = nn.ModuleList(block for block, _ in blocks)
        outputs = [stem, *(channels for _, channels in blocks)]
        self.pool = nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)
        height, width = input_shape[1:]
        for _ in blocks[1:]:
            height, width = -(-height // 2), -(-width // 2)
        self.auxiliary = AuxiliaryHead(outputs[-2], height, width, classes) if auxiliary else None
        self.head = nn.Sequential(
            nn.BatchNorm2d(outputs[-1]), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )
        self.classifier = nn.Linear(outputs[-1], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        drop = self.drop_path if self.training else 0.0
        x = self.stem(x)
        for place, block in enumerate(self.blocks):
            if place:
                x = self.pool(x)
            before = x
            x = block(x, drop)
        logits = self.classifier(self.head(x))
        if self.training and self.auxiliary is not None:
            return logits, self.auxiliary(before)
        return logits


class CellStage(nn.Module):
    """Cells one after the other, each reading what all before it gave."""

    def __init__(self, cells: Sequence[DenseCell]):
        super().__init__()
        self.cells = nn.ModuleList(cells)

    def forward(self, x: torch.Tensor, drop: float) -> torch.Tensor:
        for cell in self.cells:
            x = cell(x, drop)
        return x
