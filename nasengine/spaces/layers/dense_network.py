"""Densely connected networks: the blocks of CondenseNet and the cells of DPP-Net."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from .auxiliary import AuxiliaryHead
from .drop_path import Probability, drop_path, drops
from .learned_group import Condensing, LearnedGroupConv

STEM_MULTIPLIER = 2  # channels of the stem, as a multiple of the first growth


class ChannelShuffle(nn.Module):
    """Interleaves the channels of the groups of a group convolution; n x c x h x w."""

    def __init__(self, groups: int):
        super().__init__()
        self.groups = groups

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _, channels, height, width = x.shape
        grouped = x.view(-1, self.groups, channels // self.groups, height, width)
        return grouped.transpose(1, 2).reshape(-1, channels, height, width)


def condensed_layer(
    inputs: int, growth: int, bottleneck: int, groups: int, condensation: int
) -> nn.Sequential:
    """Return a CondenseNet layer: BN, ReLU, learned group 1x1; BN, ReLU, shuffle, group 3x3.

    Args:
        inputs: Input channels.
        growth: Output channels.
        bottleneck: Channels between both convolutions, as a multiple of the growth.
        groups: Groups of both convolutions.
        condensation: One in `condensation` inputs of the learned groups is kept.
    """
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
    """Layers whose outputs are appended to their inputs; c channels to c + sum of growths."""

    def __init__(self, layers: Sequence[nn.Module]):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: torch.Tensor, drop: Probability) -> torch.Tensor:
        for layer in self.layers:
            added = layer(x)
            if drops(drop):
                added = drop_path(added, drop)
            x = torch.cat([x, added], dim=1)
        return x


class DenseCell(nn.Module):
    """A cell of DPP-Net: alternating norms and convolutions, densely connected.

    Each norm reads the cell's input and all earlier outputs; each convolution appends `growth`
    channels. A norm at the end normalises the output of the cell.

    Args:
        layers: Names of the layers, norms at even indices.
        inputs: Input channels.
        growth: Channels that each convolution adds.
        groups: Most groups of group convolutions.
        condensation: One in `condensation` inputs of a learned group is kept.
    """

    def __init__(
        self, layers: Sequence[str], inputs: int, growth: int, groups: int, condensation: int
    ):
        super().__init__()
        self.norms, self.convolutions = nn.ModuleList(), nn.ModuleList()
        self.outputs = inputs
        for index, name in enumerate(layers):
            if index % 2 == 0:
                self.norms.append(dense_norm(name, self.outputs))
            else:
                self.convolutions.append(
                    dense_convolution(name, self.outputs, growth, groups, condensation)
                )
                self.outputs += growth

    def forward(self, x: torch.Tensor, drop: Probability) -> torch.Tensor:
        for norm, convolution in zip(self.norms, self.convolutions, strict=False):
            added = convolution(norm(x))
            if drops(drop):
                added = drop_path(added, drop)
            x = torch.cat([x, added], dim=1)
        return self.norms[-1](x) if len(self.norms) > len(self.convolutions) else x


def dense_norm(name: str, channels: int) -> nn.Module:
    """Return one of the three norms of DPP-Net."""
    if name == "bn_relu":
        return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())
    return nn.BatchNorm2d(channels) if name == "bn" else nn.Identity()


def dense_convolution(
    name: str, inputs: int, outputs: int, groups: int, condensation: int
) -> nn.Module:
    """Return one of the six convolutions of DPP-Net.

    A depthwise convolution keeps the number of channels, so a 1x1 convolution follows it. Group
    convolutions have the largest number of groups up to `groups` that divides both sides.
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
    """Stem, blocks with average pooling between them, head; images to logits n x classes.

    With `auxiliary`, DARTS' auxiliary head reads the input of the last block, and training mode
    returns (logits, auxiliary logits). `drop_path` is the probability of dropping the output of
    a layer in training mode.

    Args:
        stem: Channels of the stem.
        blocks: Modules called with (map, drop-path probability), each with its output channels.
        input_shape: Channels x height x width.
        classes: Number of classes.
        auxiliary: Add the auxiliary head.
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
        self.drop_path: Probability = 0.0
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
        for index, block in enumerate(self.blocks):
            if index:
                x = self.pool(x)
            before = x
            x = block(x, drop)
        logits = self.classifier(self.head(x))
        if self.training and self.auxiliary is not None:
            return logits, self.auxiliary(before)
        return logits


class CellStage(nn.Module):
    """A sequence of cells; each reads the outputs of all earlier ones."""

    def __init__(self, cells: Sequence[DenseCell]):
        super().__init__()
        self.cells = nn.ModuleList(cells)

    def forward(self, x: torch.Tensor, drop: Probability) -> torch.Tensor:
        for cell in self.cells:
            x = cell(x, drop)
        return x
