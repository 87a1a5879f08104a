"""Averaging of weights once the validation loss stops improving (NT-ASGD)."""

from __future__ import annotations

import torch
from torch.optim.swa_utils import AveragedModel


class Averaging:
    """The mean of a network's weights over all steps since a trigger (1708.02182).

    The non-monotone trigger is an epoch whose validation loss is above the best loss of the
    epochs more than `patience` epochs before it; `patience` 0 disables averaging. Any optimizer
    may take the steps; with plain SGD this is torch's ASGD with t0 and lambd 0, which excludes
    the first step.
    """

    def __init__(self, network: torch.nn.Module, patience: int):
        self.network = network
        self.patience = patience
        self.losses: list[float] = []
        self.mean: AveragedModel | None = None

    def after_step(self) -> None:
        """Include the weights after an optimizer step in the mean."""
        if self.mean is not None:
            self.mean.update_parameters(self.network)

    @property
    def scored(self) -> torch.nn.Module:
        """The network to score: the averaged one once averaging has started."""
        return self.network if self.mean is None else self.mean.module

    def after_epoch(self, valid_loss: float) -> None:
        """Record the validation loss of an epoch and start averaging if the trigger fires."""
        before = self.losses[: -self.patience] if self.patience else []
        if self.mean is None and before and valid_loss > min(before):
            self.mean = AveragedModel(self.network)
        self.losses.append(valid_loss)

    def restore(self, losses: list[float], mean: dict[str, torch.Tensor]) -> None:
        """Continue with the losses of earlier epochs, and with a mean if it is not empty."""
        self.losses = list(losses)
        if mean:
            self.mean = AveragedModel(self.network)
            self.mean.load_state_dict(mean)

    def finish(self) -> dict[str, torch.Tensor] | None:
        """Load the averaged weights into the network, if averaging has started.

        Returns:
            The weights of the last step, which the averaged ones replace; None if none do.
        """
        if self.mean is None:
            return None
        last = {name: tensor.clone() for name, tensor in self.network.state_dict().items()}
        self.network.load_state_dict(self.mean.module.state_dict())
        return last
