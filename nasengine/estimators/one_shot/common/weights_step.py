"""Optimizer steps of a supernet's weights through one architecture at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from ...training.eager_optimizers import SGD
from ...training.optimizer import set_rate
from .batch import Batch
from .gradients import clip_norm
from .supernet import Supernet, regularised, weights_rate

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
        self.network.drop_path_by_depth = bool(regularised(config, "drop_path_by_depth"))
        self.drop_path = regularised(config, "drop_path")
        if self.drop_path:  # it grows with the share of all steps that are taken
            per_epoch = supernet.feed.steps(supernet.epoch)
            self.taken = supernet.epoch * per_epoch
            self.total = supernet.note["epochs"] * per_epoch
        self.optimizer = SGD(
            supernet.network.weight_parameters(),
            self.rate,
            momentum=config.resolve("momentum", kind),
            weight_decay=config.resolve("weight_decay", kind),
            nesterov=config.nesterov,
        )

    def take(self, batch: Batch, choices: Sequence[int]) -> torch.Tensor:
        """Take one step on a batch through an architecture's choices; return the loss before it."""
        set_rate(self.optimizer, self.rate * batch.share)
        if self.drop_path:
            self.network.drop_path = self.drop_path * self.taken / self.total
            self.taken += 1
        parameters = [p for p in self.network.weight_parameters() if p.requires_grad]
        objective = batch.objective(self.network, choices)
        gradients = torch.autograd.grad(objective, parameters, allow_unused=True)
        # Unused parameters keep grad None: SGD then skips their weight decay and momentum.
        used = [(p, g) for p, g in zip(parameters, gradients, strict=True) if g is not None]
        clip_norm([gradient for _, gradient in used], self.clip)
        for parameter, gradient in used:
            parameter.grad = gradient
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return batch.value
