"""The genome of space `topology`: a directed graph, its order, its levels and its rules.

{"nodes": [[id, channels, kernel, pool], ...], "edges": [[from, to], ...]}: node 0 is the source and
1 the sink, neither is listed; convolutions have ids from 2 up and keep them from parent to
child, which is how weights find their place. Nodes stand by id, edges by target, then by
source. Two graphs that differ in ids alone are two architectures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

SOURCE, SINK, FIRST = 0, 1, 2


@dataclass(frozen=True)
class Convolution:
    """A node: how many channels it gives, the side of its kernel, whether it halves the map."""

    channels: int
    kernel: int
    pool: bool


@dataclass(frozen=True)
class Graph:
    """A genome that can be asked. Whoever makes one keeps it free of cycles."""

    nodes: Mapping[int, Convolution]
    edges: frozenset[tuple[int, int]]

    @classmethod
    def from_genome(cls, genome: dict[str, Any]) -> Graph:
        nodes = {
            n: Convolution(channels, kernel, pool) for n, channels, kernel, pool in genome["nodes"]
        }
        return cls(nodes, frozenset((a, b) for a, b in genome["edges"]))

    def to_genome(self) -> dict[str, Any]:
        """The canonical form."""
        return {
            "nodes": [
                [number, node.channels, node.kernel, node.pool]
                for number, node in sorted(self.nodes.items())
            ],
            "edges": [list(edge) for edge in sorted(self.edges, key=lambda edge: edge[::-1])],
        }

    def inputs(self, number: int) -> list[int]:
        """Whom a node reads, by id."""
        return sorted(a for a, b in self.edges if b == number)

    def outputs(self, number: int) -> list[int]:
        """Who reads a node, by id."""
        return sorted(b for a, b in self.edges if a == number)

    @cached_property
    def order(self) -> list[int]:
        """Convolutions so that each comes after those it reads; of free ones the lowest id."""
        waiting = {n: {a for a in self.inputs(n) if a != SOURCE} for n in self.nodes}
        order: list[int] = []
        while ready := sorted(n for n, left in waiting.items() if not left):
            order.append(ready[0])
            del waiting[ready[0]]
            for left in waiting.values():
                left.discard(ready[0])
        return order

    @cached_property
    def levels(self) -> dict[int, int]:
        """How often the map that a node gives was halved; the source's never was."""
        found = {SOURCE: 0}
        for number in self.order:
            found[number] = self._level_in(number, found) + self.nodes[number].pool
        return found

    def level_in(self, number: int) -> int:
        """How often the maps were halved where a convolution reads them: the smallest counts."""
        return self._level_in(number, self.levels)

    def _level_in(self, number: int, levels: Mapping[int, int]) -> int:
        return max((levels[a] for a in self.inputs(number)), default=0)

    def before(self, number: int) -> set[int]:
        """Every node from which a path leads here."""
        found: set[int] = set()
        waiting = self.inputs(number)
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self.inputs(one)
        return found

    @property
    def whole(self) -> bool:
        """No cycle, and every convolution lies between source and sink."""
        if len(self.order) < len(self.nodes):
            return False
        useful = self.before(SINK)
        return all(n in useful and SOURCE in self.before(n) for n in self.nodes)

    def with_node(self, number: int, node: Convolution) -> Graph:
        """The same with a node added, or changed."""
        return Graph({**self.nodes, number: node}, self.edges)

    def with_edges(
        self, added: Iterable[tuple[int, int]] = (), removed: Iterable[tuple[int, int]] = ()
    ) -> Graph:
        """The same with edges less, then edges more."""
        return Graph(self.nodes, (self.edges - set(removed)) | set(added))

    @property
    def next_id(self) -> int:
        """The id of the next new node."""
        return max(self.nodes, default=FIRST - 1) + 1


def minimal(channels: int, kernel: int, pool: bool = False) -> Graph:
    """Source, one convolution, sink."""
    edges = frozenset({(SOURCE, FIRST), (FIRST, SINK)})
    return Graph({FIRST: Convolution(channels, kernel, pool)}, edges)
