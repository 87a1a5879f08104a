"""The supernet of space `recurrent-cell`: the recurrent search network of DARTS (1806.09055)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

from ..layers.supernet.network import Supernet
from ..layers.supernet.norm import normalised
from ..layers.tied_embedding import TiedEmbedding, uniform_parameter
from .genome import joined, nodes_of
from .network import FUNCTIONS, first_node, highway, masked, unrolled

if TYPE_CHECKING:
    from .config import RecurrentCellConfig

# From node 0 and the dropout mask of the state to the next state.
Cell = Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor]


class RecurrentSupernet(Supernet):
    """Words n x t and a state n x hidden to logits n x t x classes and the next state.

    Alphas "cell" are edges x (none and the functions), edges by target, then by source. Each
    node has one matrix for all nodes that it may read (DARTS), or with `pair_matrices` one for
    each of them (ENAS). All nodes are normalised by the batch, so a batch needs more than one
    sequence. The relaxed cell always ends in the mean of all nodes, because it has no leaves.
    """

    def __init__(self, config: RecurrentCellConfig, vocabulary: int):
        super().__init__()
        self.functions = config.functions
        self.output = config.output
        self.nodes = config.nodes
        self.add_alphas("cell", 1, config.nodes, len(config.relaxed), edges=False)
        self.ends = TiedEmbedding(config, vocabulary)
        shape = (2 * config.hidden, config.hidden)
        self.start = uniform_parameter(shape[0], shape[0])
        self.matrices = nn.ParameterList(
            uniform_parameter(number, *shape) if config.pair_matrices else uniform_parameter(*shape)
            for number in range(1, config.nodes + 1)
        )

    def forward(
        self, words: torch.Tensor, state: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run the relaxed cell: each node is the sum of its edges, mixed by softmax weights."""
        outputs, last = self.outputs(words, state)
        return self.ends.logits(outputs), last

    def forward_architecture(
        self, words: torch.Tensor, state: torch.Tensor | None, choices: Sequence[int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run one architecture, given as its space's `choices`, without alphas."""
        outputs, last = self.outputs(words, state, choices)
        return self.ends.logits(outputs), last

    def outputs(
        self,
        words: torch.Tensor,
        state: torch.Tensor | None = None,
        choices: Sequence[int] | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the outputs n x t x hidden, before dropout, and the last of them as the state.

        Args:
            words: n x t.
            state: n x hidden before the first word; None means zeros.
            choices: One architecture, or None for the relaxed cell.
        """
        if choices is None:
            weights = functional.softmax(self.alphas["cell"], dim=-1)
            # `none` contributes zero, so its column is dropped; edges x functions x 1 x 1.
            parts = weights[:, 1:, None, None].split(list(range(1, self.nodes + 1)))
            shares = [(part.unbind(dim=1), part.sum(dim=1)) for part in parts]
            return self._read(words, state, lambda first, mask: self._mixed(first, shares, mask))
        nodes = nodes_of(choices, self.functions)
        return self._read(words, state, lambda first, mask: self._single(first, nodes, mask))

    def _read(
        self, words: torch.Tensor, state: torch.Tensor | None, cell: Cell
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if state is None:
            state = self.ends.first_state(words)
        mask = self.ends.state_mask(state)
        word_matrix, state_matrix = self.start.chunk(2, dim=1)
        from_words = functional.linear(self.ends.embedded(words), word_matrix)

        def step(from_word: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
            return cell(normalised(first_node(from_word, before, state_matrix, mask)), mask)

        states = unrolled(from_words, state, step)
        return torch.stack(list(states), dim=1), states[-1]

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
            # The sum over functions of weight * (state + c * (f - state)), factored out.
            edges = torch.lerp(whole * states, mixture, torch.sigmoid(gate))
            states = torch.cat([states, normalised(edges.sum(dim=0))[None]])
        return states[1:].mean(dim=0)

    def _single(
        self, first: torch.Tensor, nodes: list[list[Any]], mask: torch.Tensor | None
    ) -> torch.Tensor:
        states = [first]
        for matrix, (name, source) in zip(self.matrices, nodes, strict=True):
            own = matrix[source] if matrix.dim() == 3 else matrix
            read = functional.linear(masked(states[source], mask), own)
            states.append(normalised(highway(states[source], read, FUNCTIONS[name])))
        numbers = joined(nodes, self.output)
        mean = torch.stack([states[number] for number in numbers]).mean(dim=0)
        # Like the nodes, the mean of ENAS' leaves is normalised in the search only.
        return normalised(mean) if self.output == "leaves" else mean
