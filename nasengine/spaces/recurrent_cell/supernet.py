"""The shared network of space `recurrent-cell`: DARTS' recurrent search network (1806.09055)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ..layers.recurrent_step import FUNCTIONS, Step, first_node, highway, masked, unrolled
from ..layers.supernet.network import Supernet
from ..layers.supernet.norm import normalised
from ..layers.word_ends import WordEnds, drawn
from .genome import nodes_of


class RecurrentSupernet(Supernet):
    """Words n x t and a state n x hidden to logits n x t x classes and the state behind them.

    Alphas "cell" are edges x (none and the functions), edges by target, then by source. Every
    node has one matrix for all it may read (DARTS), or with `pair_matrices` one for each (ENAS).
    Node 0 and all others are normalised by the batch, so one sequence alone says nothing.
    """

    def __init__(self, config: Any, vocabulary: int):
        super().__init__()
        self.functions = config.functions
        self.nodes = config.nodes
        self.add_alphas("cell", 1, config.nodes, len(config.relaxed), edges=False)
        self.ends = WordEnds(config, vocabulary)
        shape = (2 * config.hidden, config.hidden)
        self.start = drawn(shape[0], shape[0])
        self.matrices = nn.ParameterList(
            drawn(place, *shape) if config.pair_matrices else drawn(*shape)
            for place in range(1, config.nodes + 1)
        )

    def forward(
        self, words: torch.Tensor, state: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Every node is the sum of its edges, their functions mixed by the softmax of alphas."""
        weights = functional.softmax(self.alphas["cell"], dim=-1)
        # Without `none`, which is zero; edges x functions x 1 x 1 for each node.
        parts = weights[:, 1:, None, None].split(list(range(1, self.nodes + 1)))
        shares = [(part.unbind(dim=1), part.sum(dim=1)) for part in parts]
        return self._read(words, state, lambda first, mask: self._mixed(first, shares, mask))

    def forward_architecture(
        self, words: torch.Tensor, state: torch.Tensor | None, choices: Sequence[int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The same of one architecture, given as its space's `choices`; alphas take no part."""
        nodes = nodes_of(choices, self.functions)
        return self._read(words, state, lambda first, mask: self._chosen(first, nodes, mask))

    def _read(
        self, words: torch.Tensor, state: torch.Tensor | None, behind: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if state is None:
            state = self.ends.first_state(words)
        mask = self.ends.state_mask(state)
        by_word, by_state = self.start.chunk(2, dim=1)
        said = functional.linear(self.ends.embedded(words), by_word)

        def step(one: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = behind(normalised(first_node(one, before, by_state, mask)), mask)
            return found

        take: Step = step
        states = unrolled(said, state, take)
        return self.ends.logits(torch.stack(list(states), dim=1)), states[-1]

    def _mixed(
        self,
        first: torch.Tensor,
        shares: list[tuple[tuple[torch.Tensor, ...], torch.Tensor]],
        mask: torch.Tensor | None,
    ) -> torch.Tensor:
        states = first[None]
        for matrix, (weights, whole) in zip(self.matrices, shares, strict=True):
            read = torch.matmul(masked(states, mask), matrix.transpose(-1, -2))
            gate, candidate = read.to(first.dtype).chunk(2, dim=-1)
            mixture = torch.zeros_like(candidate)
            for name, weight in zip(self.functions, weights, strict=True):
                mixture = torch.addcmul(mixture, FUNCTIONS[name](candidate), weight)
            # Summed over functions, weight * (state + c * (f - state)) is this much alike.
            edges = torch.lerp(whole * states, mixture, torch.sigmoid(gate))
            states = torch.cat([states, normalised(edges.sum(dim=0))[None]])
        return states[1:].mean(dim=0)

    def _chosen(
        self, first: torch.Tensor, nodes: list[list[Any]], mask: torch.Tensor | None
    ) -> torch.Tensor:
        states = [first]
        for matrix, (name, source) in zip(self.matrices, nodes, strict=True):
            own = matrix[source] if matrix.dim() == 3 else matrix
            read = functional.linear(masked(states[source], mask), own)
            states.append(normalised(highway(states[source], read, FUNCTIONS[name])))
        return torch.stack(states[1:]).mean(dim=0)
