"""Optimizer steps of a supernet's weights through one architecture at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from ...training.optimizer import set_rate
from .batch import Batch
from .gradients import clip_norm
from .supernet import Supernet, weights_rate

if TYPE_CHECKING:
    from ....strategies.one_shot.common.config import SupernetConfig
    from ..shared import OneShotConfig


class WeightsStep:
    """SGD on the weights that an architecture uses; other weights do not change."""

    def __init__(self, config: SupernetConfig | OneShotConfig, supernet: Supernet):
        kind = supernet.kind
        self.rate = weights_rate(config, supernet)
        self.clip = float(config.resolve("gradient_clip", kind))
        self.network = supernet.network
        self.optimizer = torch.optim.SGD(
            supernet.network.weight_parameters(),
            self.rate,
            momentum=config.resolve("momentum", kind),
            weight_decay=config.resolve("weight_decay", kind),
        )

    def take(self, batch: Batch, choices: Sequence[int]) -> torch.Tensor:
        """Take one step on a batch through an architecture's choices; return the loss before it."""
        set_rate(self.optimizer, self.rate * batch.share)
        parameters = [p for p in self.network.weight_parameters() if p.requires_grad]
        loss = batch.loss(self.network, choices)
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        # Unused parameters keep grad None: SGD then skips their weight decay and momentum.
        used = [(p, g) for p, g in zip(parameters, gradients, strict=True) if g is not None]
        clip_norm([gradient for _, gradient in used], self.clip)
        for parameter, gradient in used:
            parameter.grad = gradient
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.detach()
