"""What all shared networks are: weights, and architecture parameters apart from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from .graph import Mixture, edge_count, edge_number

# Small, but not all alike; DARTS' code draws them so (the paper begins at zero).
INITIAL_ALPHA = 1e-3


class Supernet(nn.Module):
    """A network that holds architecture parameters, its alphas, apart from its weights.

    `drop_path` has no effect: shared networks are trained without.
    """

    def __init__(self) -> None:
        super().__init__()
        self.drop_path = 0.0
        self.alphas = nn.ParameterDict()

    def architecture_parameters(self) -> list[nn.Parameter]:
        """The alphas, in a fixed order."""
        return list(self.alphas.parameters())

    def weight_parameters(self) -> list[nn.Parameter]:
        """Every other parameter, in a fixed order."""
        named = self.named_parameters()
        return [parameter for name, parameter in named if not name.startswith("alphas.")]

    def add_alphas(
        self, name: str, inputs: int, nodes: int, operations: int, *, edges: bool
    ) -> None:
        """Makes the parameters of one kind of cell; with `edges` one for each edge too."""
        count = edge_count(inputs, nodes)
        self.alphas[name] = nn.Parameter(INITIAL_ALPHA * torch.randn(count, operations))
        if edges:
            self.alphas[f"{name}_edges"] = nn.Parameter(INITIAL_ALPHA * torch.randn(count))


class ImageSupernet(Supernet, ABC):
    """n x c x h x w to logits n x classes, through all operations or through chosen ones."""

    @abstractmethod
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of the relaxed network: operations mixed by the softmax of their alphas."""

    @abstractmethod
    def forward_architecture(self, x: torch.Tensor, choices: Sequence[int]) -> torch.Tensor:
        """Logits of one architecture, given as its space's `choices`; alphas take no part."""

    def mixture(self, name: str, inputs: int, nodes: int) -> Mixture:
        """Softmax over each edge's operations, and over each node's edges where they have some.

        Where edges have weights, the operations' are multiplied by them.
        """
        weights = functional.softmax(self.alphas[name], dim=-1)
        shares = None
        if f"{name}_edges" in self.alphas:
            parts = self.alphas[f"{name}_edges"].split(list(range(inputs, inputs + nodes)))
            share = torch.cat([functional.softmax(part, dim=0) for part in parts])[:, None]
            weights, shares = weights * share, _by_source(share, inputs, nodes)
        return Mixture(_by_source(weights, inputs, nodes), shares)


def _by_source(rows: torch.Tensor, inputs: int, nodes: int) -> tuple[torch.Tensor, ...]:
    """The rows of edges, split by the node they leave."""
    last = inputs + nodes
    found = []
    for source in range(last - 1):
        targets = range(max(inputs, source + 1), last)
        found.append(rows[[edge_number(source, target, inputs) for target in targets]])
    return tuple(found)
