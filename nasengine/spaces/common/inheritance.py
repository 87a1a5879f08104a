"""Passing weights on from a trained network to a freshly built one, name by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

Origin = Callable[[str], str | None]


def same_name(name: str) -> str | None:
    """The plain rule: a parameter comes from the parent's of the same name."""
    return name


def copy_weights(
    network: torch.nn.Module, weights: Mapping[str, torch.Tensor], origin: Origin = same_name
) -> int:
    """Copies a parent's weights into a child's network wherever name and shape allow.

    `origin` names, for each name of the child's state_dict, the parent's tensor that it may
    take over; None: it stays as it was built. Running statistics of batch normalisation go
    along. Returns how many of the child's parameters (scalars) were taken over.
    """
    parameters = {name for name, _ in network.named_parameters()}
    taken = 0
    for name, tensor in network.state_dict().items():
        source = origin(name)
        given = None if source is None else weights.get(source)
        if given is None or given.shape != tensor.shape:
            continue
        tensor.copy_(given)
        if name in parameters:
            taken += tensor.numel()
    return taken
