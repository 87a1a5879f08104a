"""Learned group convolution of CondenseNet (1711.09224): dense at first, pruned while training.

The outputs of a 1x1 convolution are split into groups. In `condensation` - 1 stages during the
first half of the training every group gives up the inputs whose weights are smallest by L1
norm, until it reads one `condensation`-th of them. What is left is a gather of the inputs and an
ordinary group convolution, which is what is deployed.
"""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn import functional

CONDENSING = 0.5  # the share of the training in which inputs are given up


class LearnedGroupConv(nn.Module):
    """1x1, n x in x h x w to n x out x h x w, with a mask on its weights.

    `progress` is the share of the training that is over, 0 to 1; raising it prunes.
    """

    mask: torch.Tensor

    def __init__(self, inputs: int, outputs: int, groups: int, condensation: int):
        super().__init__()
        if outputs % groups:
            raise ValueError(f"{outputs} outputs do not split into {groups} groups")
        self.groups = groups
        self.condensation = min(condensation, inputs)
        self.weight = nn.Parameter(torch.empty(outputs, inputs, 1, 1))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)  # as nn.Conv2d begins
        self.register_buffer("mask", torch.ones(groups, inputs))
        self.stage = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(x, self.weight * self._spread())

    def advance(self, progress: float) -> None:
        """Prunes as far as a training should have at this progress."""
        stages = self.condensation - 1
        due = min(int(progress / CONDENSING * stages), stages)
        while self.stage < due:
            self.stage += 1
            self._prune(self._kept(self.stage))

    def kept_inputs(self) -> torch.Tensor:
        """groups x kept indices of the inputs each group reads in the end, rising."""
        inputs = self.weight.shape[1]
        count = max(inputs // self.condensation, 1)
        norms = self._norms().masked_fill(self.mask == 0, -1.0)
        return norms.topk(count, dim=1).indices.sort(dim=1).values

    def _kept(self, stage: int) -> int:
        inputs = self.weight.shape[1]
        if stage == self.condensation - 1:
            return max(inputs // self.condensation, 1)
        return max(inputs - stage * (inputs // self.condensation), 1)

    @torch.no_grad()
    def _prune(self, count: int) -> None:
        norms = self._norms().masked_fill(self.mask == 0, -1.0)
        kept = norms.topk(count, dim=1).indices
        self.mask.zero_().scatter_(1, kept, 1.0)

    def _norms(self) -> torch.Tensor:
        """groups x inputs: L1 norm of each group's weights on each input."""
        outputs, inputs = self.weight.shape[:2]
        grouped = self.weight.detach().abs().view(self.groups, outputs // self.groups, inputs)
        return grouped.sum(dim=1)

    def _spread(self) -> torch.Tensor:
        """The mask for each weight, out x in x 1 x 1."""
        each = self.weight.shape[0] // self.groups
        return self.mask.repeat_interleave(each, dim=0)[:, :, None, None]


class GatheredGroupConv(nn.Module):
    """What a learned group convolution is in use: gather the inputs, convolve in groups."""

    inputs: torch.Tensor

    def __init__(self, learned: LearnedGroupConv):
        super().__init__()
        kept = learned.kept_inputs()
        outputs = learned.weight.shape[0]
        each = outputs // learned.groups
        self.register_buffer("inputs", kept.flatten())
        self.convolution = nn.Conv2d(
            kept.numel(), outputs, 1, groups=learned.groups, bias=False, device=kept.device
        )
        rows = kept.repeat_interleave(each, dim=0)[:, :, None, None]
        with torch.no_grad():
            self.convolution.weight.copy_(learned.weight.gather(1, rows))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.convolution(x.index_select(1, self.inputs))


class Condensing(nn.Module):
    """A network with learned group convolutions somewhere inside."""

    _progress = 0.0

    @property
    def progress(self) -> float:
        """The share of the training that is over; whoever trains sets it."""
        return self._progress

    @progress.setter
    def progress(self, share: float) -> None:
        self._progress = share
        for module in self.modules():
            if isinstance(module, LearnedGroupConv):
                module.advance(share)

    def deployed(self) -> nn.Module:
        """A copy in which every learned group convolution is what is left of it."""
        network = copy.deepcopy(self)
        _replace(network)
        return network


def _replace(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, LearnedGroupConv):
            setattr(module, name, GatheredGroupConv(child))
        else:
            _replace(child)
