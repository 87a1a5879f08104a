"""A relaxed cell: every later node reads every earlier one, each edge holds all operations.

Edges are numbered by target, then by source, as in DARTS' code (1806.09055) and in the string
of NAS-Bench-201; their architecture weights stand in that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn
from torch.nn import functional

from .mixture import mixed
from .norm import normalised
from .operations import STACKED_OPERATIONS, Reduction, Source, StackedOperation

POOLS = ("max_pool_3x3", "avg_pool_3x3")
Chosen = Sequence[Sequence[tuple[str, int]]]


def edge_number(source: int, target: int, inputs: int) -> int:
    """The place of an edge among all of a cell with so many inputs."""
    return sum(range(inputs, target)) + source


def edge_count(inputs: int, nodes: int) -> int:
    """How many edges a cell of so many inputs and nodes behind them has."""
    return sum(range(inputs, inputs + nodes))


@dataclass(frozen=True)
class Mixture:
    """Architecture weights of a cell: for each source a matrix edges x operations.

    `shares` are the edges' own weights (PC-DARTS), for each source edges x 1, None without.
    """

    operations: tuple[torch.Tensor, ...]
    shares: tuple[torch.Tensor, ...] | None


class Fan(nn.Module):
    """All edges that leave one node.

    Pools and identity have no weights, so they are computed once for all edges; `none` is not
    computed at all. The other operations are computed for all edges together.
    """

    def __init__(
        self, edges: int, channels: int, stride: int, operations: tuple[str, ...], reduced_skip: str
    ):
        super().__init__()
        self.edges = edges
        self.stride = stride
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
        """n x c x h x w and edges x operations to what each edge gives its target."""
        source = Source(x, self.edges, self.stride)
        own = None
        for dilated in (True, False):
            for op, column in self.columns.items():
                operation = cast(StackedOperation, self.operations[op])
                if operation.dilated == dilated:
                    y = operation(source, weights[:, column])
                    own = y if own is None else own + y
            if dilated and own is not None:
                own = source.filled(own)
        maps = {op: pooled(x, op, self.stride) for op in set(self.common.values())}
        common = [maps[op] for op in self.common.values()]
        if own is None and not common:
            return [_nothing(x, self.stride)] * self.edges
        return mixed(own, weights[:, list(self.common)], common)

    def one(self, source: Source, op: str, edge: int, column: int) -> torch.Tensor:
        """What one operation gives one edge's target; `source` reads one edge at once."""
        if op == "none":
            return _nothing(source.x, self.stride)
        if column in self.common:
            return pooled(source.x, self.common[column], self.stride)
        operation = cast(StackedOperation, self.operations[op])
        y: torch.Tensor = operation(source, None, edge)
        return source.filled(y) if operation.dilated else y


class RelaxedGraph(nn.Module):
    """Inputs and nodes of one cell, each node the sum of its edges.

    With `partial` = K one in K channels goes through the operations, the others go around
    them, and all are shuffled (PC-DARTS, 1907.05737). Edges that leave an input have `stride`.
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
            )
            for source in range(inputs + nodes - 1)
        )

    def targets(self, source: int) -> range:
        """The nodes that read a node."""
        return range(max(self.inputs, source + 1), self.inputs + self.nodes)

    def forward(self, inputs: Sequence[torch.Tensor], mixture: Mixture) -> list[torch.Tensor]:
        """Maps n x c x h x w of the inputs to those of the nodes."""
        states = list(inputs)
        sums: dict[int, torch.Tensor] = {}
        around: dict[int, torch.Tensor] = {}
        for number, fan in enumerate(self._fans):
            through, rest = self._split(states[number], fan.stride)
            given = fan(through, mixture.operations[number])
            _add(sums, self.targets(number), given)
            if rest is not None and mixture.shares is not None:
                _add(around, self.targets(number), mixed(None, mixture.shares[number], [rest]))
            if number + 1 >= self.inputs:
                states.append(self._joined(sums[number + 1], around.get(number + 1)))
        return states[self.inputs :]

    def one(self, inputs: Sequence[torch.Tensor], chosen: Chosen) -> list[torch.Tensor]:
        """The same with the chosen (operation, source) pairs of each node alone, unweighted."""
        states = list(inputs)
        sources: dict[int, tuple[Source, torch.Tensor | None]] = {}
        for target, pairs in enumerate(chosen, start=self.inputs):
            total = around = None
            for op, number in pairs:
                fan = self._fans[number]
                if number not in sources:
                    through, rest = self._split(states[number], fan.stride)
                    sources[number] = Source(through, 1, fan.stride), rest
                source, rest = sources[number]
                edge = self.targets(number).index(target)
                y = fan.one(source, op, edge, self.names.index(op))
                total = y if total is None else total + y
                if rest is not None:
                    around = rest if around is None else around + rest
            states.append(self._joined(cast(torch.Tensor, total), around))
        return states[self.inputs :]

    @property
    def _fans(self) -> list[Fan]:
        return [cast(Fan, fan) for fan in self.fans]

    def _split(self, x: torch.Tensor, stride: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """What goes through the operations, and what around them in the target's size."""
        if self.partial == 1:
            return x, None
        through = x[:, : self.width].contiguous(memory_format=torch.channels_last)
        rest = x[:, self.width :]
        return through, functional.max_pool2d(rest, 2, 2, ceil_mode=True) if stride == 2 else rest

    def _joined(self, through: torch.Tensor, around: torch.Tensor | None) -> torch.Tensor:
        """Both side by side, shuffled in as many groups as `partial`."""
        if around is None:
            return through
        together = torch.cat((through, around), dim=1).permute(0, 2, 3, 1)
        shuffled = together.unflatten(-1, (self.partial, self.width)).transpose(-1, -2)
        return shuffled.flatten(-2).permute(0, 3, 1, 2)


def pooled(x: torch.Tensor, op: str, stride: int) -> torch.Tensor:
    """A pool with BN behind it, or the identity."""
    if op == "skip_connect":
        return x
    if op == "max_pool_3x3":
        return normalised(functional.max_pool2d(x, 3, stride, 1))
    return normalised(functional.avg_pool2d(x, 3, stride, 1, count_include_pad=False))


def _nothing(x: torch.Tensor, stride: int) -> torch.Tensor:
    return torch.zeros_like(x[:, :, ::stride, ::stride])


def _add(sums: dict[int, torch.Tensor], targets: range, given: list[torch.Tensor]) -> None:
    for target, term in zip(targets, given, strict=True):
        sums[target] = sums[target] + term if target in sums else term
