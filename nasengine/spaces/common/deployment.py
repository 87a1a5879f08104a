"""A network in the form in which it is used, which some are not trained in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def as_deployed(network: torch.nn.Module) -> torch.nn.Module:
    """The network itself, or what its `deployed` makes of it: the form that costs count.

    CondenseNet's learned group convolutions are trained dense and pruned on the way; what they
    cost is what is left. Freshly built they are pruned by their initial weights, which gives
    the same numbers of parameters and operations as any training would.
    """
    deployed: Any = getattr(network, "deployed", None)
    return network if deployed is None else deployed()
