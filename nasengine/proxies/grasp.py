"""Proxy `grasp`: how removing weights would change the gradient flow (2002.07376)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.proxy import Proxy

if TYPE_CHECKING:
    from ..core.proxy import Probe


class Grasp(Proxy):
    """Sum of -weight x (Hessian x gradient), with the sign of 2101.08134."""

    name = "grasp"
    help = "Sum over the weights of -weight x (Hessian x gradient); needs second derivatives."

    def score(self, probe: Probe) -> float:
        import torch
        from torch.nn import functional

        from ..core.torch_state import seeded
        from ..spaces.layers.kernels import plain_layers
        from .common.probe import weighted_layers

        network, (inputs, labels) = probe.network(), probe.batches[0]
        weights = [weight for _, weight in weighted_layers(network)]
        with plain_layers(), seeded(probe.seed):
            loss = functional.cross_entropy(network(inputs), labels)
            found = torch.autograd.grad(loss, weights, create_graph=True, allow_unused=True)
            # The derivative of g.detach() * g by the weights is Hessian x gradient.
            products = [
                (gradient.detach() * gradient).sum() for gradient in found if gradient is not None
            ]
            second = torch.autograd.grad(torch.stack(products).sum(), weights, allow_unused=True)
        return sum(
            -float((weight.detach() * gradient).sum())
            for weight, gradient in zip(weights, second, strict=True)
            if gradient is not None
        )
