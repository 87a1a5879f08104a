"""Averaged stochastic gradient descent, begun when the validation stops getting better."""

from __future__ import annotations

import torch
from torch.optim.swa_utils import AveragedModel


class Averaging:
    """The mean of a network's weights over all steps since the trigger (1708.02182).

    The trigger is non-monotone: an epoch whose validation loss is above the best of those more
    than `patience` epochs before it. 0: never. The steps are the optimiser's own, whichever it
    is; with plain gradient descent this is torch's ASGD with t0 and lambd 0, which leaves the
    first step out.
    """

    def __init__(self, network: torch.nn.Module, patience: int):
        self.network = network
        self.patience = patience
        self.losses: list[float] = []
        self.mean: AveragedModel | None = None

    def stepped(self) -> None:
        """A step was taken."""
        if self.mean is not None:
            self.mean.update_parameters(self.network)

    @property
    def scored(self) -> torch.nn.Module:
        """The network that is scored: the mean where there is one."""
        return self.network if self.mean is None else self.mean.module

    def epoch(self, valid_loss: float) -> None:
        """An epoch ended with this validation loss; the next one may be averaged."""
        before = self.losses[: -self.patience] if self.patience else []
        if self.mean is None and before and valid_loss > min(before):
            self.mean = AveragedModel(self.network)
        self.losses.append(valid_loss)

    def finish(self) -> None:
        """Gives the network the mean of its weights."""
        if self.mean is not None:
            self.network.load_state_dict(self.mean.module.state_dict())
