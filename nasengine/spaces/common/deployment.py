"""The form of a network whose costs are measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def as_deployed(network: torch.nn.Module) -> torch.nn.Module:
    """Return the network in the form that is used after training; most have only one form.

    CondenseNet's learned group convolutions are trained dense and pruned during training, so
    their costs are those of the pruned network, which the method `deployed` returns. A fresh
    network is pruned by its initial weights; every training gives the same numbers of
    parameters and operations.
    """
    deployed: Any = getattr(network, "deployed", None)
    return network if deployed is None else deployed()
