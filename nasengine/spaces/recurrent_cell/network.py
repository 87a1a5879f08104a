"""The network of space `recurrent-cell`: one cell between tied embedding and decoder."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ..layers.recurrent_step import FUNCTIONS, first_node, highway, masked, unrolled
from ..layers.word_ends import WordEnds, drawn


class RecurrentNetwork(nn.Module):
    """Words n x t and a state n x hidden to logits n x t x classes and the state behind them.

    `nodes` are the cell's [function, source] pairs. State None is zeros: nothing was read yet.
    `drop_path` has no effect: a cell has one path.
    """

    def __init__(self, config: Any, nodes: list[list[Any]], vocabulary: int):
        super().__init__()
        self.drop_path = 0.0
        self.nodes = [(FUNCTIONS[function], source) for function, source in nodes]
        self.ends = WordEnds(config, vocabulary)
        hidden = config.hidden
        self.start = drawn(2 * hidden, 2 * hidden)
        self.matrices = nn.ParameterList(drawn(2 * hidden, hidden) for _ in nodes)
        # Nodes that read one node do so in one multiplication.
        self.readers = [
            [place for place, (_, source) in enumerate(self.nodes) if source == node]
            for node in range(len(nodes))
        ]

    def forward(
        self, words: torch.Tensor, state: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if state is None:
            state = self.ends.first_state(words)
        mask = self.ends.state_mask(state)
        by_word, by_state = self.start.chunk(2, dim=1)
        said = functional.linear(self.ends.embedded(words), by_word)
        stacked = [
            torch.cat([self.matrices[place] for place in readers]) if readers else None
            for readers in self.readers
        ]

        def step(one: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
            return self._behind(first_node(one, before, by_state, mask), stacked, mask)

        states = unrolled(said, state, step)
        return self.ends.logits(torch.stack(list(states), dim=1)), states[-1]

    def _behind(
        self,
        first: torch.Tensor,
        stacked: list[torch.Tensor | None],
        mask: torch.Tensor | None,
    ) -> torch.Tensor:
        """The mean of all nodes behind node 0."""
        states: list[torch.Tensor] = [first] * (len(self.nodes) + 1)
        # A node stands behind what it reads, so it is known when its own readers' turn comes.
        for node, (readers, matrix) in enumerate(zip(self.readers, stacked, strict=True)):
            if matrix is None:
                continue
            read = functional.linear(masked(states[node], mask), matrix)
            for place, part in zip(readers, read.chunk(len(readers), dim=-1), strict=True):
                states[place + 1] = highway(states[node], part, self.nodes[place][0])
        return torch.stack(states[1:]).mean(dim=0)
