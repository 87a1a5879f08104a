"""A network with fresh weights and batches, as proxies read them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ...core.proxy import Batch
from ...core.torch_state import seeded
from ...spaces.layers.kernels import plain_layers


class NetworkProbe:
    """See `nasengine.core.proxy.Probe`.

    Args:
        network: The network with fresh weights; it is copied before anything changes it.
        shape: Channels x height x width of one image.
        batches: At least two batches.
        seed: Seed of everything random in a proxy.
    """

    def __init__(
        self, network: nn.Module, shape: tuple[int, ...], batches: Sequence[Batch], seed: int
    ):
        self._network = network.train()
        self.shape = shape
        self.batches = batches
        self.seed = seed
        self.memory: dict[str, Any] = {}

    def network(self) -> nn.Module:
        return copy.deepcopy(self._network)

    def gradients(self, index: int = 0) -> list[tuple[torch.Tensor, torch.Tensor]]:
        key = f"gradients {index}"
        if key not in self.memory:
            network, (inputs, labels) = self.network(), self.batches[index]
            weights = [weight for _, weight in weighted_layers(network)]
            with plain_layers(), seeded(self.seed):
                loss = functional.cross_entropy(network(inputs), labels)
                found = torch.autograd.grad(loss, weights, allow_unused=True)
            self.memory[key] = [
                (weight.detach(), torch.zeros_like(weight) if grad is None else grad)
                for weight, grad in zip(weights, found, strict=True)
            ]
        kept: list[tuple[torch.Tensor, torch.Tensor]] = self.memory[key]
        return kept


def weighted_layers(network: nn.Module) -> Iterator[tuple[nn.Module, nn.Parameter]]:
    """Yield each convolution and linear layer with its weights."""
    for module in network.modules():
        weight = module._parameters.get("weight")
        if weight is not None and weight.ndim > 1:
            yield module, weight
