"""The network of space `mobile-chain`: inverted residuals of MobileNetV2 (1801.04381)."""

from __future__ import annotations

from typing import cast

import torch
from torch import nn

from ..common.stacking import StemSettings
from ..layers.auxiliary import AuxiliaryHead
from ..layers.drop_path import Probability, drop_path, drops
from ..layers.stems import make_stem


class InvertedResidual(nn.Module):
    """1x1 expansion, depthwise k x k, linear 1x1; adds its input if the shapes are the same."""

    def __init__(self, inputs: int, outputs: int, kernel: int, expansion: int, stride: int):
        super().__init__()
        inner = inputs * expansion
        self.residual = stride == 1 and inputs == outputs
        depthwise = nn.Conv2d(inner, inner, kernel, stride, kernel // 2, groups=inner, bias=False)
        self.layers = nn.Sequential(
            *(nn.Conv2d(inputs, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU6()),
            *(depthwise, nn.BatchNorm2d(inner), nn.ReLU6()),
            *(nn.Conv2d(inner, outputs, 1, bias=False), nn.BatchNorm2d(outputs)),
        )

    def forward(self, x: torch.Tensor, drop: Probability) -> torch.Tensor:
        y = self.layers(x)
        return x + (drop_path(y, drop) if drops(drop) else y) if self.residual else y


class MobileNetwork(nn.Module):
    """Stem, stages of inverted residuals, mean, linear; n x c x h x w to logits n x classes.

    The auxiliary head reads the input of the last stage. `drop_path` drops residual branches.
    """

    def __init__(
        self, config: StemSettings, stages: list, shape: tuple, classes: int, auxiliary: bool
    ):
        super().__init__()
        self.drop_path: Probability = 0.0
        self.stem = make_stem(config, shape)
        before = width = config.channels
        self.stages = nn.ModuleList()
        for number, (kernel, expansion, outputs, depth) in enumerate(stages):
            before, blocks = width, nn.ModuleList()
            for block in range(depth):
                stride = 2 if number and not block else 1
                blocks.append(InvertedResidual(width, outputs, kernel, expansion, stride))
                width = outputs
            self.stages.append(blocks)
        scale = 2 ** (self.stem.halvings + max(len(stages) - 2, 0))
        height, side = (-(-length // scale) for length in shape[1:])
        self.auxiliary = AuxiliaryHead(before, height, side, classes) if auxiliary else None
        self.classifier = nn.Linear(width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        x = before = self.stem(x)[1]
        for stage in self.stages:
            before = x
            for block in cast(nn.ModuleList, stage):
                x = block(x, self.drop_path if self.training else 0.0)
        logits = self.classifier(x.mean(dim=(2, 3)))
        if self.training and self.auxiliary is not None:
            return logits, self.auxiliary(before)
        return logits
