"""Torch optimizers from settings."""

from __future__ import annotations

import torch

from .config import ResolvedTrainConfig


def make_optimizer(network: torch.nn.Module, config: ResolvedTrainConfig) -> torch.optim.Optimizer:
    """Return the optimizer; weight decay applies to all parameters, as in DARTS' code.

    One kernel takes the step of all parameters.
    """
    parameters, rate = network.parameters(), config.learning_rate
    if config.optimiser == "sgd":
        return torch.optim.SGD(
            parameters,
            rate,
            momentum=config.momentum,
            nesterov=config.nesterov,
            weight_decay=config.weight_decay,
            fused=True,
        )
    cls = torch.optim.AdamW if config.optimiser == "adamw" else torch.optim.Adam
    betas = (config.momentum, 0.999)
    return cls(parameters, rate, betas=betas, weight_decay=config.weight_decay, fused=True)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of every parameter group."""
    for group in optimizer.param_groups:
        group["lr"] = rate
