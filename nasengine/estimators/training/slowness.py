"""The slowness penalty of recurrent networks (temporal activation regularisation, 1708.01009)."""

from __future__ import annotations

from typing import Any

import torch

from ...core.errors import EngineError


def outputs_and_logits(
    network: Any, weight: float, *inputs: Any
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return outputs n x t x hidden of a recurrent network, its logits, and the next state.

    Args:
        network: A network with the method `outputs` and the module `ends`, as `RecurrentNetwork`.
        weight: Weight of the slowness penalty, for the message.
        inputs: Arguments of `outputs`.

    Raises:
        EngineError: the network does not give its outputs.
    """
    if not hasattr(network, "outputs"):
        raise EngineError(
            f"slowness is {weight:g}, but {type(network).__name__} has no method outputs: set "
            "slowness to 0"
        )
    outputs, state = network.outputs(*inputs)
    return outputs, network.ends.logits(outputs), state


def slowness_of(outputs: torch.Tensor) -> torch.Tensor:
    """Return the mean squared change of the outputs from word to word; 0 for a single word.

    Args:
        outputs: Outputs of a cell before dropout, n x t x hidden.
    """
    changes = outputs[:, 1:].float() - outputs[:, :-1].float()
    return changes.square().sum() / max(changes.numel(), 1)
