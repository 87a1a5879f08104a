"""Proxy `synflow`: the synaptic flow through a network, without data (2006.05467)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..core.proxy import Proxy

if TYPE_CHECKING:
    import torch
    from torch import nn

    from ..core.proxy import Probe

SMALLEST = 1e-300  # of a network through which nothing flows


class Synflow(Proxy):
    """Logarithm of the sum of |weight x dR/dweight|, R the sum of the outputs for ones.

    All parameters are replaced by their absolute values and batch normalisation is left out, in
    double precision, because the numbers grow with every layer.
    """

    name = "synflow"
    help = "Logarithm of the flow through the weights' absolute values; needs no data."

    def score(self, probe: Probe) -> float:
        import torch

        from ..spaces.layers.kernels import plain_layers
        from .common.probe import weighted_layers

        network = probe.network().double()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.abs_()
        _bypass_normalisation(network)
        weights = [weight for _, weight in weighted_layers(network)]
        ones = torch.ones(1, *probe.shape, dtype=torch.float64)
        with plain_layers():
            found = torch.autograd.grad(network(ones).sum(), weights, allow_unused=True)
        total = sum(
            float((weight.detach() * gradient).abs().sum())
            for weight, gradient in zip(weights, found, strict=True)
            if gradient is not None
        )
        return math.log(max(total, SMALLEST))


def _unchanged(x: torch.Tensor) -> torch.Tensor:
    return x


def _bypass_normalisation(network: nn.Module) -> None:
    """Make every batch normalisation the identity."""
    from torch import nn

    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.forward = _unchanged  # type: ignore[method-assign, assignment]
        elif isinstance(module, nn.Dropout):
            module.p = 0.0
