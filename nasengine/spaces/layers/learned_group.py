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

    The mask has the weight's shape, so that a child inherits both or neither. What is pruned
    stays so: a layer that inherits a pruned mask begins as narrow as its parent ended.
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
        self.register_buffer("mask", torch.ones_like(self.weight))
        self.stage = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(x, self.weight * self.mask)

    def advance(self, progress: float) -> None:
        """Prunes as far as a training should have when this share of it, 0 to 1, is over."""
        stages = self.condensation - 1
        due = min(int(progress / CONDENSING * stages), stages)
        while self.stage < due:
            self.stage += 1
            self._prune(self._kept(self.stage))

    def kept_inputs(self) -> torch.Tensor:
        """groups x kept indices of the inputs each group reads in the end, rising."""
        inputs = self.weight.shape[1]
        count = max(inputs // self.condensation, 1)
        return self._largest(count).sort(dim=1).values

    def for_outputs(self, kept: torch.Tensor) -> torch.Tensor:
        """Each group's indices once for each of its outputs: out x kept x 1 x 1."""
        each = self.weight.shape[0] // self.groups
        return kept.repeat_interleave(each, dim=0)[:, :, None, None]

    def _kept(self, stage: int) -> int:
        inputs = self.weight.shape[1]
        if stage == self.condensation - 1:
            return max(inputs // self.condensation, 1)
        return max(inputs - stage * (inputs // self.condensation), 1)

    @torch.no_grad()
    def _prune(self, count: int) -> None:
        reads = int(self._by_group(self.mask)[0, 0].sum())
        kept = self._largest(min(count, reads))
        self.mask.zero_().scatter_(1, self.for_outputs(kept), 1.0)

    def _largest(self, count: int) -> torch.Tensor:
        """groups x count indices of the inputs of largest L1 norm; pruned ones come last."""
        norms = self._by_group(self.weight.detach()).abs().sum(dim=1)
        pruned = self._by_group(self.mask)[:, 0] == 0
        return norms.masked_fill(pruned, -1.0).topk(count, dim=1).indices

    def _by_group(self, tensor: torch.Tensor) -> torch.Tensor:
        """out x in x 1 x 1 as groups x outputs of a group x in."""
        outputs, inputs = tensor.shape[:2]
        return tensor.view(self.groups, outputs // self.groups, inputs)


class GatheredGroupConv(nn.Module):
    """What a learned group convolution is in use: gather the inputs, convolve in groups."""

    inputs: torch.Tensor

    def __init__(self, learned: LearnedGroupConv):
        super().__init__()
        kept = learned.kept_inputs()
        outputs = learned.weight.shape[0]
        self.register_buffer("inputs", kept.flatten())
        self.convolution = nn.Conv2d(
            kept.numel(), outputs, 1, groups=learned.groups, bias=False, device=kept.device
        )
        with torch.no_grad():
            weights = learned.weight.gather(1, learned.for_outputs(kept))
            self.convolution.weight.copy_(weights)

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
