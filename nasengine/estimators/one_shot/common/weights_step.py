"""The weights of a shared network, stepped through one architecture at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ...training.optimizer import set_rate
from .batch import Batch
from .gradients import clip_norm
from .supernet import Shared, cosine


class WeightsStep:
    """SGD on the weights that an architecture uses; the others stay as they are."""

    def __init__(self, config: Any, shared: Shared):
        kind = shared.kind
        peak, last = (
            config.resolve("learning_rate", kind),
            config.usual("final_learning_rate", kind),
        )
        self.rate = cosine(peak, last, shared.epoch, shared.note["epochs"])
        self.clip = float(config.resolve("gradient_clip", kind))
        self.network = shared.network
        self.optimiser = torch.optim.SGD(
            shared.network.weight_parameters(),
            self.rate,
            momentum=config.resolve("momentum", kind),
            weight_decay=config.resolve("weight_decay", kind),
        )

    def take(self, batch: Batch, choices: Sequence[int]) -> torch.Tensor:
        """One step on a batch through an architecture's choices; the loss before it."""
        set_rate(self.optimiser, self.rate * batch.share)
        parameters = [one for one in self.network.weight_parameters() if one.requires_grad]
        value = batch.loss(self.network, choices)
        found = torch.autograd.grad(value, parameters, allow_unused=True)
        used = [
            (one, grad) for one, grad in zip(parameters, found, strict=True) if grad is not None
        ]
        clip_norm([grad for _, grad in used], self.clip)
        for one, grad in used:
            one.grad = grad
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return value.detach()
