"""Learned group convolution of CondenseNet (1711.09224): dense at first, pruned during training.

The outputs of a 1x1 convolution are split into groups. During the first half of the training,
in `condensation` - 1 stages, each group drops the inputs whose weights have the smallest L1
norm, until one in `condensation` is left. The deployed form gathers the remaining inputs and
applies an ordinary group convolution. Meanwhile a group lasso may push the outputs of a group
towards the same inputs (setting `group_lasso` of the training).
"""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn import functional

PRUNING_PERIOD = 0.5  # fraction of the training in which inputs are dropped


class LearnedGroupConv(nn.Module):
    """1x1 convolution with a mask on its weights; n x inputs x h x w to n x outputs x h x w.

    The mask has the shape of the weights, so that a child inherits both or neither. Pruning is
    permanent: a layer that inherits a mask starts with the inputs that its parent had left.

    Raises:
        ValueError: `outputs` is not a multiple of `groups`.
    """

    mask: torch.Tensor

    def __init__(self, inputs: int, outputs: int, groups: int, condensation: int):
        super().__init__()
        if outputs % groups:
            raise ValueError(f"outputs must be a multiple of groups, {groups} (got {outputs})")
        self.groups = groups
        self.condensation = min(condensation, inputs)
        self.weight = nn.Parameter(torch.empty(outputs, inputs, 1, 1))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)  # the default of nn.Conv2d
        self.register_buffer("mask", torch.ones_like(self.weight))
        self.stage = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(x, self.weight * self.mask)

    def advance(self, progress: float) -> None:
        """Prune as far as is due after a fraction `progress` (0 to 1) of the training."""
        stages = self.condensation - 1
        due = min(int(progress / PRUNING_PERIOD * stages), stages)
        while self.stage < due:
            self.stage += 1
            self._prune(self._inputs_after(self.stage))

    def group_lasso(self) -> torch.Tensor:
        """Return the group lasso of CondenseNet, 0 once the last stage is reached.

        It is the sum over groups and inputs of the L2 norm of the weights between them, so that
        all outputs of a group tend to ignore the same inputs.
        """
        if self.stage >= self.condensation - 1:
            return self.weight.new_zeros(())
        weights = self._by_group(self.weight * self.mask)
        # The norm's gradient at zero is zero, as pruned inputs need; that of a root is infinite.
        return torch.linalg.vector_norm(weights, dim=1).sum()

    def kept_inputs(self) -> torch.Tensor:
        """Return the inputs of each group in the deployed form, groups x kept, ascending."""
        inputs = self.weight.shape[1]
        count = max(inputs // self.condensation, 1)
        return self._largest(count).sort(dim=1).values

    def for_outputs(self, kept: torch.Tensor) -> torch.Tensor:
        """Repeat the indices of each group for each of its outputs: outputs x kept x 1 x 1."""
        each = self.weight.shape[0] // self.groups
        return kept.repeat_interleave(each, dim=0)[:, :, None, None]

    def _inputs_after(self, stage: int) -> int:
        """Return the number of inputs that each group keeps after a stage."""
        inputs = self.weight.shape[1]
        if stage == self.condensation - 1:
            return max(inputs // self.condensation, 1)
        return max(inputs - stage * (inputs // self.condensation), 1)

    @torch.no_grad()
    def _prune(self, count: int) -> None:
        # An inherited mask may already be narrower than this stage asks for.
        present = int(self._by_group(self.mask)[0, 0].sum())
        kept = self._largest(min(count, present))
        self.mask.zero_().scatter_(1, self.for_outputs(kept), 1.0)

    def _largest(self, count: int) -> torch.Tensor:
        """Return the inputs of largest L1 norm, groups x count; pruned ones come last."""
        norms = self._by_group(self.weight.detach()).abs().sum(dim=1)
        pruned = self._by_group(self.mask)[:, 0] == 0
        return norms.masked_fill(pruned, -1.0).topk(count, dim=1).indices

    def _by_group(self, tensor: torch.Tensor) -> torch.Tensor:
        """View outputs x inputs x 1 x 1 as groups x outputs of a group x inputs."""
        outputs, inputs = tensor.shape[:2]
        return tensor.view(self.groups, outputs // self.groups, inputs)


class GatheredGroupConv(nn.Module):
    """The deployed form of a learned group convolution: gather inputs, convolve in groups."""

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
    """Base class of networks that contain learned group convolutions."""

    _progress = 0.0

    @property
    def progress(self) -> float:
        """The fraction of the training that is over, 0 to 1; the training loop sets it."""
        return self._progress

    @progress.setter
    def progress(self, fraction: float) -> None:
        self._progress = fraction
        for module in self.modules():
            if isinstance(module, LearnedGroupConv):
                module.advance(fraction)

    def group_lasso(self) -> torch.Tensor:
        """Return the sum of the group lassos of all learned group convolutions."""
        layers = [module for module in self.modules() if isinstance(module, LearnedGroupConv)]
        lassos = [layer.group_lasso() for layer in layers]
        return torch.stack(lassos).sum() if lassos else torch.zeros(())

    def deployed(self) -> nn.Module:
        """Return a copy with the deployed form of every learned group convolution."""
        network = copy.deepcopy(self)
        _replace(network)
        return network


def _replace(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, LearnedGroupConv):
            setattr(module, name, GatheredGroupConv(child))
        else:
            _replace(child)
