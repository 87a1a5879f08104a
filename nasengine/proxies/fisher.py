"""Proxy `fisher`: the loss that removing each channel would cost (1801.05787, 1906.04113)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.proxy import Proxy

if TYPE_CHECKING:
    import torch

    from ..core.proxy import Probe


class Fisher(Proxy):
    """Sum over layers and channels of half the mean over the batch of (sum of map x gradient)^2."""

    name = "fisher"
    help = "Sum over the channels of the squared effect on the loss of removing the channel."

    def score(self, probe: Probe) -> float:
        import torch
        from torch.nn import functional

        from ..core.torch_state import seeded
        from ..spaces.layers.kernels import plain_layers
        from .common.probe import weighted_layers

        network, (inputs, labels) = probe.network(), probe.batches[0]
        maps: list[torch.Tensor] = []

        def keep(module: Any, arguments: Any, output: torch.Tensor) -> None:
            maps.append(output)

        for module, _ in weighted_layers(network):
            module.register_forward_hook(keep)
        with plain_layers(), seeded(probe.seed):
            loss = functional.cross_entropy(network(inputs), labels)
            gradients = torch.autograd.grad(loss, maps, allow_unused=True)
        pairs = zip(maps, gradients, strict=True)
        return sum(_effect(activation, grad) for activation, grad in pairs if grad is not None)


def _effect(activation: torch.Tensor, gradient: torch.Tensor) -> float:
    """Return the sum over the channels of maps n x c x ... ."""
    effects = (
        (activation.detach() * gradient).flatten(2).sum(-1)
        if activation.ndim > 2
        else (activation.detach() * gradient)
    )
    return float((effects**2).mean(0).sum()) / 2
