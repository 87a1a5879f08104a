"""DARTS' two updates (1806.09055): architecture by validation images, weights by training ones.

Losses are given as functions of nothing that compute a loss of the network as it is then; they
are called several times a step, with gradients only where they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import nn

Loss = Callable[[], torch.Tensor]
Tensors = list[torch.Tensor]
# Of the finite difference, in units of 1 / |v|.
STEP = 0.01


class Relaxed(Protocol):
    """A shared network: what it computes is the losses' business."""

    def architecture_parameters(self) -> list[nn.Parameter]: ...

    def weight_parameters(self) -> list[nn.Parameter]: ...


class DartsStep:
    """Steps of one search; `second` order looks one step of the weights ahead.

    `clip` bounds the norm of the weights' gradient (0: not at all). `unrolled_clip` bounds the
    gradients of the step ahead, as the reference does in recurrent networks (0.25).
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

    def architecture(self, valid: Loss, train: Loss) -> torch.Tensor:
        """One step of the architecture parameters; the validation loss before it.

        With second order it is the loss behind the step ahead. `train` is not used otherwise.
        """
        parameters = self.network.architecture_parameters()
        if self.second:
            loss, found = second_order(
                self.network, valid, train, self.weights, clip=self.unrolled_clip
            )
        else:
            loss, found = first_order(self.network, valid)
        return _stepped(self.alphas, parameters, found, loss)

    def weigh(self, train: Loss) -> torch.Tensor:
        """One step of the weights; the training loss before it."""
        parameters = self.network.weight_parameters()
        with frozen(self.network.architecture_parameters()):
            loss, found = gradients(train, parameters)
        clip_norm(found, self.clip)
        return _stepped(self.weights, parameters, found, loss)


def first_order(network: Relaxed, valid: Loss) -> tuple[torch.Tensor, Tensors]:
    """The validation loss and its gradient by the architecture parameters, weights held."""
    with frozen(network.weight_parameters()):
        return gradients(valid, network.architecture_parameters())


def second_order(
    network: Relaxed,
    valid: Loss,
    train: Loss,
    optimiser: torch.optim.Optimizer,
    *,
    clip: float = 0.0,
) -> tuple[torch.Tensor, Tensors]:
    """The validation loss behind one step of the weights, and its gradient by the alphas.

    The step ahead is `optimiser`'s next one: w' = w - rate (momentum * buffer + gradient +
    decay * w). How w' depends on the alphas is a product with a second derivative, taken as a
    finite difference of 0.01 / |v| around the weights, v the gradient by w'. The weights are
    what they were before, to the bit, whatever happens. `clip` > 0 bounds the norms of both
    gradients by the weights, and weighs the product by how much the first was cut.
    """
    weights, alphas = network.weight_parameters(), network.architecture_parameters()
    rate = float(optimiser.param_groups[0]["lr"])
    before = [weight.detach().clone() for weight in weights]
    try:
        with frozen(alphas):
            _, ahead = gradients(train, weights)
        cut = clip_norm(ahead, clip)
        _step_ahead(weights, ahead, optimiser)
        loss, both = gradients(valid, [*alphas, *weights])
        direct, along = both[: len(alphas)], both[len(alphas) :]
        clip_norm(along, clip)
        size = float(norm(along))
        if size == 0.0 or rate == 0.0:
            return loss, direct
        reach = STEP / size
        sides = []
        for sign in (1, -1):
            _set(weights, before, along, sign * reach)
            with frozen(weights):
                sides.append(gradients(train, alphas)[1])
    finally:
        _set(weights, before)
    factor = rate * cut / (2 * reach)
    return loss, [
        one - factor * (plus - minus) for one, plus, minus in zip(direct, *sides, strict=True)
    ]


def gradients(loss: Loss, parameters: Sequence[torch.Tensor]) -> tuple[torch.Tensor, Tensors]:
    """A loss and its gradients; zero by what took no part in it."""
    value = loss()
    found = torch.autograd.grad(value, parameters, allow_unused=True, materialize_grads=True)
    return value.detach(), list(found)


@contextmanager
def frozen(parameters: Sequence[torch.Tensor]) -> Iterator[None]:
    """No gradient is computed by these inside."""
    wanted = [parameter.requires_grad for parameter in parameters]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter, one in zip(parameters, wanted, strict=True):
            parameter.requires_grad_(one)


def clip_norm(tensors: Tensors, most: float) -> float:
    """Scales all by one factor so that their norm is at most `most` (0: any); the factor."""
    if most <= 0:
        return 1.0
    factor = min(1.0, most / (float(norm(tensors)) + 1e-6))
    if factor < 1.0:
        for tensor in tensors:
            tensor.mul_(factor)
    return factor


def norm(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Of all of them, concatenated."""
    return torch.linalg.vector_norm(torch.stack([one.norm() for one in tensors]))


@torch.no_grad()
def _step_ahead(
    weights: Sequence[torch.Tensor], found: Tensors, optimiser: torch.optim.Optimizer
) -> None:
    groups = {id(p): group for group in optimiser.param_groups for p in group["params"]}
    for weight, gradient in zip(weights, found, strict=True):
        group = groups[id(weight)]
        step = gradient + group["weight_decay"] * weight
        buffer = optimiser.state[weight].get("momentum_buffer")
        if buffer is not None:
            step += group["momentum"] * buffer
        weight.sub_(step, alpha=group["lr"])


@torch.no_grad()
def _set(
    weights: Sequence[torch.Tensor],
    values: Tensors,
    along: Tensors | None = None,
    reach: float = 0.0,
) -> None:
    for place, (weight, value) in enumerate(zip(weights, values, strict=True)):
        weight.copy_(value)
        if along is not None:
            weight.add_(along[place], alpha=reach)


def _stepped(
    optimiser: torch.optim.Optimizer,
    parameters: Sequence[torch.Tensor],
    found: Tensors,
    loss: torch.Tensor,
) -> torch.Tensor:
    for parameter, gradient in zip(parameters, found, strict=True):
        parameter.grad = gradient
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return loss
