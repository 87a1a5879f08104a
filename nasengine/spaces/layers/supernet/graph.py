"""A relaxed cell: every node reads all earlier nodes, and each edge holds all operations.

Edges are ordered by target, then by source, as in the code of DARTS (1806.09055) and in the
string of NAS-Bench-201; the rows of the alphas have this order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn
from torch.nn import functional

from ..drop_path import Probability, drop_path, drops
from .mixture import mixed
from .norm import normalised
from .operations import STACKED_OPERATIONS, Reduction, Source, StackedOperation

POOLS = ("max_pool_3x3", "avg_pool_3x3")
Pairs = Sequence[Sequence[tuple[str, int]]]  # the (operation, source) pairs of each node


def edge_number(source: int, target: int, inputs: int) -> int:
    """Return the position of an edge among all edges of a cell with `inputs` inputs."""
    return sum(range(inputs, target)) + source


def edge_count(inputs: int, nodes: int) -> int:
    """Return the number of edges of a cell with these numbers of inputs and nodes."""
    return sum(range(inputs, inputs + nodes))


@dataclass(frozen=True)
class Mixture:
    """The architecture weights of a cell, split by source.

    Attributes:
        operations: For each source a matrix edges x operations.
        shares: For each source the weights of its edges, edges x 1 (PC-DARTS); None without.
    """

    operations: tuple[torch.Tensor, ...]
    shares: tuple[torch.Tensor, ...] | None


class Fan(nn.Module):
    """All edges that leave one node.

    Pools and identity have no weights, so they are computed once for all edges; `none` is not
    computed at all. Each other operation is computed for all edges together.

    Args:
        edges: Number of edges.
        channels: Channels of the map.
        stride: 1 or 2.
        operations: Names of the operations of each edge.
        reduced_skip: Operation for `skip_connect` at stride 2, "factorized" or "max_pool".
        pool_norm: Batch norm follows every pool.
    """

    def __init__(
        self,
        edges: int,
        channels: int,
        stride: int,
        operations: tuple[str, ...],
        reduced_skip: str,
        *,
        pool_norm: bool = True,
    ):
        super().__init__()
        self.edges = edges
        self.stride = stride
        self.pool_norm = pool_norm
        self.common: dict[int, str] = {}
        self.operations = nn.ModuleDict()
        self.columns: dict[str, int] = {}
        for column, op in enumerate(operations):
            if op in POOLS or (op == "skip_connect" and stride == 1):
                self.common[column] = op
            elif op == "skip_connect" and reduced_skip == "max_pool":
                self.common[column] = "max_pool_3x3"
            elif op != "none":
                self.columns[op] = column
                kind = Reduction if op == "skip_connect" else STACKED_OPERATIONS[op]
                self.operations[op] = kind(edges, channels, stride)

    def forward(self, x: torch.Tensor, weights: torch.Tensor) -> list[torch.Tensor]:
        """Return the contribution of each edge to its target.

        Args:
            x: n x c x h x w.
            weights: edges x operations.
        """
        source = Source(x, self.edges, self.stride)
        own: list[torch.Tensor] | None = None
        for op, column in self.columns.items():
            maps = cast(StackedOperation, self.operations[op])(source, weights[:, column])
            own = maps if own is None else [x + y for x, y in zip(own, maps, strict=True)]
        # An ordered set: the order decides the last bits of the gradients.
        pools = {op: self._pooled(x, op) for op in dict.fromkeys(self.common.values())}
        common = [pools[op] for op in self.common.values()]
        if own is None and not common:
            return [_zeros(x, self.stride)] * self.edges
        columns = weights.unbind(dim=1)  # a list of indices would be copied to the device
        shares = [columns[column] for column in self.common]
        return mixed(own, torch.stack(shares, dim=1) if shares else weights[:, :0], common)

    def run_operation(self, source: Source, op: str, edge: int, column: int) -> torch.Tensor:
        """Return the result of one operation on one edge, without weights.

        Args:
            source: Made for one edge.
            op: Name of the operation.
            edge: Position among the edges of this fan.
            column: Position of the operation.
        """
        if op == "none":
            return _zeros(source.x, self.stride)
        if column in self.common:
            return self._pooled(source.x, self.common[column])
        operation = cast(StackedOperation, self.operations[op])
        (y,) = operation(source, None, edge)
        return cast(torch.Tensor, y)

    def _pooled(self, x: torch.Tensor, op: str) -> torch.Tensor:
        """Return a pool, followed by BN unless `pool_norm` is off, or the identity."""
        if op == "skip_connect":
            return x
        if op == "max_pool_3x3":
            y = functional.max_pool2d(x, 3, self.stride, 1)
        else:
            y = functional.avg_pool2d(x, 3, self.stride, 1, count_include_pad=False)
        return normalised(y) if self.pool_norm else y


class RelaxedGraph(nn.Module):
    """Inputs and nodes of one cell; each node is the sum of its edges.

    With `partial` = K, one in K channels goes through the operations, the others bypass them,
    and all channels are shuffled (PC-DARTS, 1907.05737).

    Args:
        inputs: Number of inputs.
        nodes: Number of nodes.
        channels: Channels of every map.
        stride: Stride of the edges that leave an input.
        operations: Names of the operations of each edge.
        reduced_skip: Operation for `skip_connect` at stride 2, "factorized" or "max_pool".
        partial: K, 1 for all channels.
        pool_norm: Batch norm follows every pool.
    """

    def __init__(
        self,
        inputs: int,
        nodes: int,
        channels: int,
        stride: int,
        operations: tuple[str, ...],
        *,
        reduced_skip: str = "factorized",
        partial: int = 1,
        pool_norm: bool = True,
    ):
        super().__init__()
        self.inputs = inputs
        self.nodes = nodes
        self.names = operations
        self.partial = partial
        self.width = channels // partial
        self.fans = nn.ModuleList(
            Fan(
                len(self.targets(source)),
                self.width,
                stride if source < inputs else 1,
                operations,
                reduced_skip,
                pool_norm=pool_norm,
            )
            for source in range(inputs + nodes - 1)
        )

    def targets(self, source: int) -> range:
        """Return the nodes that read a node or input."""
        return range(max(self.inputs, source + 1), self.inputs + self.nodes)

    def forward(self, inputs: Sequence[torch.Tensor], mixture: Mixture) -> list[torch.Tensor]:
        """Return the maps of the nodes from the maps n x c x h x w of the inputs."""
        states = list(inputs)
        sums: dict[int, torch.Tensor] = {}
        bypasses: dict[int, torch.Tensor] = {}
        for number, fan in enumerate(self._fans):
            through, bypass = self._split(states[number], fan.stride)
            terms = fan(through, mixture.operations[number])
            _add(sums, self.targets(number), terms)
            if bypass is not None and mixture.shares is not None:
                _add(bypasses, self.targets(number), mixed(None, mixture.shares[number], [bypass]))
            if number + 1 >= self.inputs:
                states.append(self._joined(sums[number + 1], bypasses.get(number + 1)))
        return states[self.inputs :]

    def run_pairs(
        self, inputs: Sequence[torch.Tensor], pairs: Pairs, drop: Probability = 0.0
    ) -> list[torch.Tensor]:
        """Return the maps of the nodes with only these (operation, source) pairs, unweighted.

        Args:
            inputs: Maps n x c x h x w.
            pairs: The (operation, source) pairs of each node.
            drop: Drop-path probability of every operation but the identity.
        """
        states = list(inputs)
        sources: dict[int, tuple[Source, torch.Tensor | None]] = {}
        for target, node_pairs in enumerate(pairs, start=self.inputs):
            total = bypasses = None
            for op, number in node_pairs:
                fan = self._fans[number]
                if number not in sources:
                    through, bypass = self._split(states[number], fan.stride)
                    sources[number] = Source(through, 1, fan.stride), bypass
                source, bypass = sources[number]
                edge = self.targets(number).index(target)
                y = fan.run_operation(source, op, edge, self.names.index(op))
                if drops(drop) and (op != "skip_connect" or fan.stride == 2):
                    y = drop_path(y, drop)
                total = y if total is None else total + y
                if bypass is not None:
                    bypasses = bypass if bypasses is None else bypasses + bypass
            states.append(self._joined(cast(torch.Tensor, total), bypasses))
        return states[self.inputs :]

    @property
    def _fans(self) -> list[Fan]:
        return [cast(Fan, fan) for fan in self.fans]

    def _split(self, x: torch.Tensor, stride: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return the channels for the operations, and the bypass in the size of the target."""
        if self.partial == 1:
            return x, None
        through = x[:, : self.width].contiguous(memory_format=torch.channels_last)
        rest = x[:, self.width :]
        return through, functional.max_pool2d(rest, 2, 2, ceil_mode=True) if stride == 2 else rest

    def _joined(self, through: torch.Tensor, bypass: torch.Tensor | None) -> torch.Tensor:
        """Concatenate both parts and shuffle the channels in `partial` groups."""
        if bypass is None:
            return through
        together = torch.cat((through, bypass), dim=1).permute(0, 2, 3, 1)
        shuffled = together.unflatten(-1, (self.partial, self.width)).transpose(-1, -2)
        return shuffled.flatten(-2).permute(0, 3, 1, 2)


def _zeros(x: torch.Tensor, stride: int) -> torch.Tensor:
    return torch.zeros_like(x[:, :, ::stride, ::stride])


def _add(sums: dict[int, torch.Tensor], targets: range, terms: list[torch.Tensor]) -> None:
    for target, term in zip(targets, terms, strict=True):
        sums[target] = sums[target] + term if target in sums else term
