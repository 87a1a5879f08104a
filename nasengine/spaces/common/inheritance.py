"""Copies weights from a trained network to a freshly built one, by parameter name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

# Maps a name in the child's state_dict to the parent's name, or to None: keep the fresh value.
Origin = Callable[[str], str | None]


def same_name(name: str) -> str | None:
    """Return the name itself: each tensor comes from the parent's tensor of the same name."""
    return name


def copy_weights(
    network: torch.nn.Module, weights: Mapping[str, torch.Tensor], origin: Origin = same_name
) -> int:
    """Copy a parent's tensors into a child's network if both have the same shape.

    Running statistics of batch normalisation are copied too.

    Args:
        network: The child's network, changed in place.
        weights: The state_dict of the parent's network.
        origin: The parent's tensor for each tensor of the child.

    Returns:
        The number of parameters (scalars) of the child that were copied, without buffers.
    """
    parameters = {name for name, _ in network.named_parameters()}
    copied = 0
    for name, tensor in network.state_dict().items():
        source = origin(name)
        weight = None if source is None else weights.get(source)
        if weight is None or weight.shape != tensor.shape:
            continue
        tensor.copy_(weight)
        if name in parameters:
            copied += tensor.numel()
    return copied
