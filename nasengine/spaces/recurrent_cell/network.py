"""The network of space `recurrent-cell`: one cell between tied embedding and decoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

from ..layers.tied_embedding import TiedEmbedding, uniform_parameter
from .genome import joined

if TYPE_CHECKING:
    from .config import RecurrentCellConfig

Function = Callable[[torch.Tensor], torch.Tensor]
FUNCTIONS: dict[str, Function] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "identity": lambda x: x,
}
# From the word's contribution to node 0, n x 2 hidden, and a state n x hidden to the next state.
Step = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class RecurrentNetwork(nn.Module):
    """Words n x t and a state n x hidden to logits n x t x classes and the next state.

    A state of None means zeros, before the first word. `drop_path` has no effect: a cell has
    only one path.

    Args:
        config: Settings of the space.
        nodes: [function, source] pairs of the genome.
        vocabulary: Number of different words.
    """

    def __init__(self, config: RecurrentCellConfig, nodes: list[list[Any]], vocabulary: int):
        super().__init__()
        self.drop_path = 0.0
        self.nodes = [(FUNCTIONS[function], source) for function, source in nodes]
        self.joined = joined(nodes, config.output)
        self.ends = TiedEmbedding(config, vocabulary)
        hidden = config.hidden
        self.start = uniform_parameter(2 * hidden, 2 * hidden)
        self.matrices = nn.ParameterList(uniform_parameter(2 * hidden, hidden) for _ in nodes)
        # All nodes that read the same node are computed in one matrix multiplication.
        self.readers = [
            [index for index, (_, source) in enumerate(self.nodes) if source == node]
            for node in range(len(nodes))
        ]

    def forward(
        self, words: torch.Tensor, state: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        outputs, last = self.outputs(words, state)
        return self.ends.logits(outputs), last

    def outputs(
        self, words: torch.Tensor, state: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the outputs n x t x hidden, before dropout, and the last of them as the state."""
        if state is None:
            state = self.ends.first_state(words)
        mask = self.ends.state_mask(state)
        word_matrix, state_matrix = self.start.chunk(2, dim=1)
        from_words = functional.linear(self.ends.embedded(words), word_matrix)
        stacked = [
            torch.cat([self.matrices[index] for index in readers]) if readers else None
            for readers in self.readers
        ]

        def step(from_word: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
            first = first_node(from_word, before, state_matrix, mask)
            return self._next_state(first, stacked, mask)

        states = unrolled(from_words, state, step)
        return torch.stack(list(states), dim=1), states[-1]

    def _next_state(
        self,
        first: torch.Tensor,
        stacked: list[torch.Tensor | None],
        mask: torch.Tensor | None,
    ) -> torch.Tensor:
        """Return the mean of the nodes that the settings join."""
        states: list[torch.Tensor] = [first] * (len(self.nodes) + 1)
        # A node reads only earlier nodes, so its state is ready before its readers are computed.
        for node, (readers, matrix) in enumerate(zip(self.readers, stacked, strict=True)):
            if matrix is None:
                continue
            read = functional.linear(masked(states[node], mask), matrix)
            for index, part in zip(readers, read.chunk(len(readers), dim=-1), strict=True):
                states[index + 1] = highway(states[node], part, self.nodes[index][0])
        return torch.stack([states[number] for number in self.joined]).mean(dim=0)


def masked(state: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Return a state after dropout."""
    return state if mask is None else state * mask


def highway(state: torch.Tensor, read: torch.Tensor, function: Function) -> torch.Tensor:
    """Return state + sigmoid(c) * (function(h) - state), as in recurrent highway networks.

    Args:
        state: ... x hidden.
        read: c and h side by side, ... x 2 hidden.
        function: Activation of the node.
    """
    gate, candidate = read.to(state.dtype).chunk(2, dim=-1)
    return torch.lerp(state, function(candidate), torch.sigmoid(gate))


def first_node(
    from_word: torch.Tensor, state: torch.Tensor, matrix: torch.Tensor, mask: torch.Tensor | None
) -> torch.Tensor:
    """Return node 0 from the word's contribution and the previous state.

    Args:
        from_word: n x 2 hidden.
        state: n x hidden.
        matrix: 2 hidden x hidden.
        mask: Dropout mask of the state, or None.
    """
    read = from_word + functional.linear(masked(state, mask), matrix)
    return highway(state, read, torch.tanh)


def unrolled(from_words: torch.Tensor, state: torch.Tensor, step: Step) -> Sequence[torch.Tensor]:
    """Return the states after each of t words; `from_words` is n x t x 2 hidden."""
    states = []
    for from_word in from_words.unbind(dim=1):
        state = step(from_word, state)
        states.append(state)
    return states
