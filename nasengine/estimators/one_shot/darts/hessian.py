"""How sharply the validation loss curves by the alphas, which foretells DARTS' collapse.

Zela et al. (1909.09656): the dominant eigenvalue of the Hessian of the validation loss by the
architecture parameters rises before skip connections take over.
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
    """The eigenvalue of largest magnitude, with its sign, by power iteration.

    Products with the Hessian are exact, by differentiating twice; the matrix is never made. It
    ends when the value changes by less than `tolerance` of itself, or after `iterations`.
    """
    parameters = network.architecture_parameters()
    with frozen(network.weight_parameters()):
        first = torch.autograd.grad(valid(), parameters, create_graph=True)
        vector = _unit(
            [
                torch.randn(one.shape, generator=generator, dtype=one.dtype).to(one.device)
                for one in parameters
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
    products = [(one * other).sum() for one, other in zip(left, right, strict=True)]
    return torch.stack(products).sum()


def _unit(vector: list[torch.Tensor] | tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    size = torch.sqrt(_dot(tuple(vector), tuple(vector))).clamp_min(1e-30)
    return tuple(one / size for one in vector)
