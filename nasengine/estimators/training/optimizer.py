"""Torch optimizers from settings."""

from __future__ import annotations

import torch

from .config import ResolvedTrainConfig
from .eager_optimizers import SGD, Adam, AdamW

Rate = float | torch.Tensor


def make_optimizer(
    network: torch.nn.Module, config: ResolvedTrainConfig, device: torch.device | None = None
) -> torch.optim.Optimizer:
    """Return the optimizer; weight decay applies to all parameters, as in DARTS' code.

    One kernel takes the step of all parameters.

    Args:
        network: The network.
        config: Settings of the training.
        device: Where the parameters are; on CUDA the step can be recorded in a graph.
    """
    on_cuda = device is not None and device.type == "cuda"
    parameters, rate = network.parameters(), rate_on(device, config.learning_rate)
    if config.optimiser == "sgd":
        return SGD(
            parameters,
            rate,
            momentum=config.momentum,
            nesterov=config.nesterov,
            weight_decay=config.weight_decay,
            fused=True,
        )
    cls = AdamW if config.optimiser == "adamw" else Adam
    betas = (config.momentum, 0.999)
    decay = config.weight_decay
    return cls(parameters, rate, betas=betas, weight_decay=decay, fused=True, capturable=on_cuda)


def rate_on(device: torch.device | None, rate: float) -> Rate:
    """Return a learning rate for optimizers on a device: on CUDA a tensor, which graphs read."""
    if device is None or device.type != "cuda":
        return rate
    return torch.tensor(rate, dtype=torch.float32, device=device)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of every parameter group; a tensor is changed in place."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate
