"""One step of a recurrent cell, and the steps of a whole sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch.nn import functional

Function = Callable[[torch.Tensor], torch.Tensor]
FUNCTIONS: dict[str, Function] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "identity": lambda x: x,
}
# From what the words say of node 0, n x 2 hidden, and a state n x hidden to the next state.
Step = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def masked(state: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """What a matrix reads of a state."""
    return state if mask is None else state * mask


def highway(state: torch.Tensor, read: torch.Tensor, function: Function) -> torch.Tensor:
    """state + c * (function(h) - state), with [c, h] = read and c through a sigmoid.

    `read` is ... x 2 hidden, `state` ... x hidden (1806.09055, as in recurrent highway networks).
    """
    gate, candidate = read.to(state.dtype).chunk(2, dim=-1)
    return torch.lerp(state, function(candidate), torch.sigmoid(gate))


def first_node(
    said: torch.Tensor, state: torch.Tensor, matrix: torch.Tensor, mask: torch.Tensor | None
) -> torch.Tensor:
    """Node 0 out of what the word says of it and the state before, a matrix 2 hidden x hidden."""
    return highway(state, said + functional.linear(masked(state, mask), matrix), torch.tanh)


def unrolled(said: torch.Tensor, state: torch.Tensor, step: Step) -> Sequence[torch.Tensor]:
    """The states behind each of t words; `said` is n x t x 2 hidden."""
    states = []
    for one in said.unbind(dim=1):
        state = step(one, state)
        states.append(state)
    return states
