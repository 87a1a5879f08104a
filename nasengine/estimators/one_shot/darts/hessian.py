"""Curvature of the validation loss with respect to the alphas, which predicts DARTS' collapse.

Zela et al. (1909.09656): the dominant eigenvalue of the Hessian of the validation loss with
respect to the architecture parameters rises before skip connections dominate.
"""

from __future__ import annotations

import torch

from ..common.gradients import Loss, Relaxed, frozen

ITERATIONS = 30
TOLERANCE = 1e-3


def dominant_eigenvalue(
    network: Relaxed,
    valid: Loss,
    generator: torch.Generator,
    *,
    iterations: int = ITERATIONS,
    tolerance: float = TOLERANCE,
) -> float:
    """Return the eigenvalue of largest magnitude, with its sign, by power iteration.

    Hessian-vector products are exact (two differentiations); the matrix is never built. The
    iteration ends after a relative change below `tolerance`, or after `iterations`.
    """
    parameters = network.architecture_parameters()
    with frozen(network.weight_parameters()):
        first = torch.autograd.grad(valid(), parameters, create_graph=True)
        vector = _unit(
            [
                torch.randn(p.shape, generator=generator, dtype=p.dtype).to(p.device)
                for p in parameters
            ]
        )
        value = 0.0
        for _ in range(iterations):
            product = torch.autograd.grad(
                first, parameters, vector, retain_graph=True, materialize_grads=True
            )
            before, value = value, float(_dot(vector, product))
            vector = _unit(product)
            if abs(value - before) <= tolerance * abs(value):
                break
    return value


def _dot(left: tuple[torch.Tensor, ...], right: tuple[torch.Tensor, ...]) -> torch.Tensor:
    products = [(a * b).sum() for a, b in zip(left, right, strict=True)]
    return torch.stack(products).sum()


def _unit(vector: list[torch.Tensor] | tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    size = torch.sqrt(_dot(tuple(vector), tuple(vector))).clamp_min(1e-30)
    return tuple(tensor / size for tensor in vector)
