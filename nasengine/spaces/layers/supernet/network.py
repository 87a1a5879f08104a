"""Base classes of supernets: weights, and architecture parameters (alphas) apart from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from ..auxiliary import AuxiliaryHead
from ..drop_path import Probability
from .graph import Mixture, edge_count, edge_number
from .norm import with_batch_statistics

Output = torch.Tensor | tuple[torch.Tensor, torch.Tensor]

# Small random values, as in the code of DARTS; the paper starts from zero.
INITIAL_ALPHA = 1e-3


class Supernet(nn.Module):
    """A network with architecture parameters.

    `drop_path` is the drop-path probability of one architecture in training mode; the relaxed
    network drops no paths. With `drop_path_by_depth` layer n of N has n / N of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.drop_path: Probability = 0.0
        self.drop_path_by_depth = False
        self.alphas = nn.ParameterDict()

    def architecture_parameters(self) -> list[nn.Parameter]:
        """Return the alphas, in a fixed order."""
        return list(self.alphas.parameters())

    def weight_parameters(self) -> list[nn.Parameter]:
        """Return every other parameter, in a fixed order."""
        named = self.named_parameters()
        return [parameter for name, parameter in named if not name.startswith("alphas.")]

    def add_alphas(
        self, name: str, inputs: int, nodes: int, operations: int, *, edges: bool
    ) -> None:
        """Add the alphas of one kind of cell, edges x operations.

        Args:
            name: Name of the kind of cell.
            inputs: Number of inputs of the cell.
            nodes: Number of nodes of the cell.
            operations: Number of operations of each edge.
            edges: Add one parameter for each edge too, named `name`_edges.
        """
        count = edge_count(inputs, nodes)
        self.alphas[name] = nn.Parameter(INITIAL_ALPHA * torch.randn(count, operations))
        if edges:
            self.alphas[f"{name}_edges"] = nn.Parameter(INITIAL_ALPHA * torch.randn(count))


class ImageSupernet(Supernet, ABC):
    """n x c x h x w to logits n x classes, through all operations or through chosen ones.

    With an auxiliary head, one architecture in training mode returns (logits, auxiliary logits).
    """

    auxiliary_source: tuple[int, int]  # channels and halvings of the map for the auxiliary head

    def __init__(self) -> None:
        super().__init__()
        self.auxiliary: AuxiliaryHead | None = None

    def add_auxiliary(self, input_shape: tuple[int, ...], classes: int) -> None:
        """Add an auxiliary head, which is used in training mode only."""
        channels, halvings = self.auxiliary_source
        height, width = (-(-side // 2**halvings) for side in input_shape[1:])
        self.auxiliary = AuxiliaryHead(channels, height, width, classes)
        with_batch_statistics(self.auxiliary, affine=True)

    def drop_of(self, number: int, count: int) -> Probability:
        """Return the drop-path probability of layer `number`, counted from 1, of `count`."""
        if not self.training:
            return 0.0
        return self.drop_path * (number / count if self.drop_path_by_depth else 1.0)

    def with_auxiliary(self, logits: torch.Tensor, features: torch.Tensor) -> Output:
        """Return logits, together with those of the auxiliary head where it is used."""
        if self.training and self.auxiliary is not None:
            return logits, self.auxiliary(features)
        return logits

    @abstractmethod
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of the relaxed network: operations mixed by softmax weights."""

    @abstractmethod
    def forward_architecture(self, x: torch.Tensor, choices: Sequence[int]) -> Output:
        """Return the logits of one architecture, without alphas.

        Args:
            x: Images.
            choices: The architecture as its space's `choices`.
        """

    def mixture(self, name: str, inputs: int, nodes: int) -> Mixture:
        """Return the softmax weights of the operations of each edge.

        If edges have alphas, the weights are multiplied by the softmax over the edges of the
        same target.
        """
        weights = functional.softmax(self.alphas[name], dim=-1)
        shares = None
        if f"{name}_edges" in self.alphas:
            parts = self.alphas[f"{name}_edges"].split(list(range(inputs, inputs + nodes)))
            share = torch.cat([functional.softmax(part, dim=0) for part in parts])[:, None]
            weights, shares = weights * share, _by_source(share, inputs, nodes)
        return Mixture(_by_source(weights, inputs, nodes), shares)


def _by_source(rows: torch.Tensor, inputs: int, nodes: int) -> tuple[torch.Tensor, ...]:
    """Split the rows of edges, ordered by target, by the node that each edge leaves."""
    last = inputs + nodes
    singles = rows.unbind()  # a list of indices would be copied to the device in every step
    parts = []
    for source in range(last - 1):
        targets = range(max(inputs, source + 1), last)
        numbers = [edge_number(source, target, inputs) for target in targets]
        parts.append(torch.stack([singles[number] for number in numbers]))
    return tuple(parts)
