"""From settings to torch's optimisers."""

from __future__ import annotations

import torch

from .config import Settled


def make_optimizer(network: torch.nn.Module, config: Settled) -> torch.optim.Optimizer:
    """The optimiser of all parameters; weight decay takes in every one, as in DARTS' code."""
    parameters, rate = network.parameters(), config.learning_rate
    if config.optimiser == "sgd":
        return torch.optim.SGD(
            parameters,
            rate,
            momentum=config.momentum,
            nesterov=config.nesterov,
            weight_decay=config.weight_decay,
        )
    kind = torch.optim.AdamW if config.optimiser == "adamw" else torch.optim.Adam
    betas = (config.momentum, 0.999)
    return kind(parameters, rate, betas=betas, weight_decay=config.weight_decay)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Gives every group of parameters this learning rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate
