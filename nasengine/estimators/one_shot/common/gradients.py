"""DARTS' two updates (1806.09055): architecture on validation data, weights on training data.

Losses are functions without arguments that compute the loss of the network in its current state.
A step calls them several times, with gradients only for the parameters that need them. No number is
read from the device within a step, because reading waits for all kernels before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import nn

Loss = Callable[[], torch.Tensor]
Tensors = list[torch.Tensor]
# Step of the finite difference in units of 1 / |v|, as in the paper.
FINITE_DIFFERENCE_STEP = 0.01
MIN_SLOPE = 1e-30


class Relaxed(Protocol):
    """A relaxed supernet with separate architecture and weight parameters."""

    def architecture_parameters(self) -> list[nn.Parameter]: ...

    def weight_parameters(self) -> list[nn.Parameter]: ...


class DartsStep:
    """The alternating steps of one search.

    Args:
        network: The relaxed supernet.
        weights: Optimizer of the weights.
        alphas: Optimizer of the architecture parameters.
        second: Differentiate through one step of the weights (second order).
        clip: Largest norm of the gradient of the weights; 0: no clipping.
        unrolled_clip: Largest norm of the gradients of the unrolled step; the reference code
            uses 0.25 for recurrent networks. 0: no clipping.
    """

    def __init__(
        self,
        network: Relaxed,
        weights: torch.optim.Optimizer,
        alphas: torch.optim.Optimizer,
        *,
        second: bool = False,
        clip: float = 5.0,
        unrolled_clip: float = 0.0,
    ):
        self.network = network
        self.weights = weights
        self.alphas = alphas
        self.second = second
        self.clip = clip
        self.unrolled_clip = unrolled_clip

    def architecture_step(self, valid: Loss, train: Loss) -> torch.Tensor:
        """Take one step of the architecture parameters; return the validation loss before it.

        With second order the loss is that after the unrolled step; only then `train` is used.
        """
        parameters = self.network.architecture_parameters()
        if self.second:
            loss, gradient = second_order(
                self.network, valid, train, self.weights, clip=self.unrolled_clip
            )
        else:
            loss, gradient = first_order(self.network, valid)
        return _stepped(self.alphas, parameters, gradient, loss)

    def weight_step(self, train: Loss) -> torch.Tensor:
        """Take one step of the weights; return the training loss before it."""
        parameters = self.network.weight_parameters()
        with frozen(self.network.architecture_parameters()):
            loss, gradient = gradients(train, parameters)
        clip_norm(gradient, self.clip)
        return _stepped(self.weights, parameters, gradient, loss)


def first_order(network: Relaxed, valid: Loss) -> tuple[torch.Tensor, Tensors]:
    """Return the validation loss and its gradient with respect to the architecture parameters."""
    with frozen(network.weight_parameters()):
        return gradients(valid, network.architecture_parameters())


def second_order(
    network: Relaxed,
    valid: Loss,
    train: Loss,
    optimizer: torch.optim.Optimizer,
    *,
    clip: float = 0.0,
) -> tuple[torch.Tensor, Tensors]:
    """Return the validation loss after one step of the weights, and its gradient by the alphas.

    The unrolled step is the next one of `optimizer`: w' = w - rate (momentum * buffer + gradient
    + decay * w), or that of Nesterov momentum. The dependence of w' on the alphas is a product
    with a second derivative, approximated by a finite difference of 0.01 / |v| around the weights,
    where v is the gradient with respect to w'. The weights are restored bitwise, also
    after an error. `clip` > 0 limits the norms of both gradients of the weights and scales the
    product by the clipping factor of the first.
    """
    weights, alphas = network.weight_parameters(), network.architecture_parameters()
    rate = optimizer.param_groups[0]["lr"]
    before = [weight.detach().clone() for weight in weights]
    try:
        with frozen(alphas):
            _, unrolled = gradients(train, weights)
        clipped = clip_norm(unrolled, clip)
        _unrolled_step(weights, unrolled, optimizer)
        loss, both = gradients(valid, [*alphas, *weights])
        direct, along = both[: len(alphas)], both[len(alphas) :]
        clip_norm(along, clip)
        # Without a slope the difference is zero, whatever the step.
        reach = FINITE_DIFFERENCE_STEP / norm(along).clamp_min(MIN_SLOPE)
        sides = []
        for sign in (1, -1):
            _set(weights, before, along, sign * reach)
            with frozen(weights):
                sides.append(gradients(train, alphas)[1])
    finally:
        _set(weights, before)
    factor = rate * clipped / (2 * reach)
    return loss, [
        gradient - factor * (plus - minus)
        for gradient, plus, minus in zip(direct, *sides, strict=True)
    ]


def gradients(loss: Loss, parameters: Sequence[torch.Tensor]) -> tuple[torch.Tensor, Tensors]:
    """Return a loss and its gradients, zero for parameters that it does not depend on."""
    value = loss()
    result = torch.autograd.grad(value, parameters, allow_unused=True, materialize_grads=True)
    return value.detach(), list(result)


@contextmanager
def frozen(parameters: Sequence[torch.Tensor]) -> Iterator[None]:
    """Compute no gradients of these parameters inside the block."""
    before = [parameter.requires_grad for parameter in parameters]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter, required in zip(parameters, before, strict=True):
            parameter.requires_grad_(required)


def clip_norm(tensors: Tensors, limit: float) -> float | torch.Tensor:
    """Scale the tensors so that their norm is at most `limit` (0: any); return the factor."""
    if limit <= 0 or not tensors:
        return 1.0
    factor = (limit / (norm(tensors) + 1e-6)).clamp_max(1.0)
    torch._foreach_mul_(tensors, factor)
    return factor


def norm(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the norm of the concatenated tensors."""
    if tensors and tensors[0].is_cuda:  # one kernel for many tensors
        return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(list(tensors))))
    return torch.linalg.vector_norm(torch.stack([tensor.norm() for tensor in tensors]))


@torch.no_grad()
def _unrolled_step(
    weights: Sequence[torch.Tensor], gradient: Tensors, optimizer: torch.optim.Optimizer
) -> None:
    groups = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    for weight, slope in zip(weights, gradient, strict=True):
        group = groups[id(weight)]
        step = slope + group["weight_decay"] * weight
        buffer = optimizer.state[weight].get("momentum_buffer")
        velocity = step if buffer is None else step + group["momentum"] * buffer
        # Nesterov's step looks ahead along the new velocity.
        step = step + group["momentum"] * velocity if group["nesterov"] else velocity
        rate = group["lr"]
        if isinstance(rate, torch.Tensor):  # as alpha it would be read from the device
            weight.sub_(step * rate)
        else:
            weight.sub_(step, alpha=rate)


@torch.no_grad()
def _set(
    weights: Sequence[torch.Tensor],
    values: Tensors,
    along: Tensors | None = None,
    reach: float | torch.Tensor = 0.0,
) -> None:
    torch._foreach_copy_(list(weights), values)
    if along is not None:
        torch._foreach_add_(list(weights), list(torch._foreach_mul(along, reach)))


def _laid_out_like(parameter: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Return a gradient with the strides of its parameter, which optimizers of one kernel need.

    Strides of sides of length 1 differ without a different order in memory; then nothing is copied.
    """
    if gradient.stride() == parameter.stride():
        return gradient
    sides = zip(parameter.shape, gradient.stride(), parameter.stride(), strict=True)
    if any(length > 1 and own != wanted for length, own, wanted in sides):
        return torch.empty_like(parameter).copy_(gradient)
    return gradient.as_strided(parameter.shape, parameter.stride())


def _stepped(
    optimizer: torch.optim.Optimizer,
    parameters: Sequence[torch.Tensor],
    gradient: Tensors,
    loss: torch.Tensor,
) -> torch.Tensor:
    for parameter, slope in zip(parameters, gradient, strict=True):
        parameter.grad = _laid_out_like(parameter, slope)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss
