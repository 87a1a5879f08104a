"""The genome of space `topology`: a directed graph with the order and the sizes of its maps.

{"nodes": [[id, channels, kernel, pool], ...], "edges": [[from, to], ...]}: node 0 is the source,
1 the sink; neither is listed. The convolution of a smallest graph is node 2. Further ids are
counted on in each graph, or they are innovation numbers, as in NEAT (Stanley and Miikkulainen,
2002): such a number follows from the two nodes between which the convolution was added, so
unrelated lineages have the same id only for a convolution at the same place. A child keeps the
ids of its parent, so that weights can be matched; graphs that differ only in ids are therefore
different architectures. Nodes are sorted by id, edges by target, then by source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

from ...core.seeds import derive
from ..common.labelling import Vertex, canonical_order

SOURCE, SINK, FIRST = 0, 1, 2
# Smaller ids are counted ones.
FIRST_INNOVATION, MAX_ID = 100, 2**31 - 1


@dataclass(frozen=True)
class Convolution:
    """A node: its output channels, its kernel size, and whether it halves the map."""

    channels: int
    kernel: int
    pool: bool


@dataclass(frozen=True)
class Graph:
    """A genome with methods; functions that change one keep it free of cycles."""

    nodes: Mapping[int, Convolution]
    edges: frozenset[tuple[int, int]]

    @classmethod
    def from_genome(cls, genome: dict[str, Any]) -> Graph:
        """Return the graph of a genome of the right form."""
        nodes = {
            n: Convolution(channels, kernel, pool) for n, channels, kernel, pool in genome["nodes"]
        }
        return cls(nodes, frozenset((a, b) for a, b in genome["edges"]))

    def to_genome(self) -> dict[str, Any]:
        """Return the genome in canonical form."""
        return {
            "nodes": [
                [number, node.channels, node.kernel, node.pool]
                for number, node in sorted(self.nodes.items())
            ],
            "edges": [list(edge) for edge in sorted(self.edges, key=lambda edge: edge[::-1])],
        }

    def inputs(self, number: int) -> list[int]:
        """Return the nodes that a node reads, by id."""
        return sorted(a for a, b in self.edges if b == number)

    def outputs(self, number: int) -> list[int]:
        """Return the nodes that read a node, by id."""
        return sorted(b for a, b in self.edges if a == number)

    @cached_property
    def order(self) -> list[int]:
        """The convolutions in topological order; the lowest id first if several are ready."""
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
        """How often the output map of each node is halved; 0 for the source."""
        levels = {SOURCE: 0}
        for number in self.order:
            levels[number] = self._level_in(number, levels) + self.nodes[number].pool
        return levels

    def level_in(self, number: int) -> int:
        """Return how often the input map of a node is halved: as often as its smallest input."""
        return self._level_in(number, self.levels)

    def _level_in(self, number: int, levels: Mapping[int, int]) -> int:
        return max((levels[a] for a in self.inputs(number)), default=0)

    def ancestors(self, number: int) -> set[int]:
        """Return every node from which a path leads to this one."""
        ancestors: set[int] = set()
        waiting = self.inputs(number)
        while waiting:
            ancestor = waiting.pop()
            if ancestor not in ancestors:
                ancestors.add(ancestor)
                waiting += self.inputs(ancestor)
        return ancestors

    @property
    def is_valid(self) -> bool:
        """Whether there is no cycle and every convolution is on a path from source to sink."""
        if len(self.order) < len(self.nodes):
            return False
        useful = self.ancestors(SINK)
        return all(n in useful and SOURCE in self.ancestors(n) for n in self.nodes)

    def with_node(self, number: int, node: Convolution) -> Graph:
        """Return a copy with a node added or replaced."""
        return Graph({**self.nodes, number: node}, self.edges)

    def with_edges(
        self, added: Iterable[tuple[int, int]] = (), removed: Iterable[tuple[int, int]] = ()
    ) -> Graph:
        """Return a copy without the edges `removed` and with the edges `added`."""
        return Graph(self.nodes, (self.edges - set(removed)) | set(added))

    def canonical(self) -> Graph:
        """Return an isomorphic graph, the same one for all that differ only in ids."""
        vertices = {
            number: Vertex(
                f"{node.channels} {node.kernel} {node.pool} {(number, SINK) in self.edges}",
                tuple(("", source) for source in self.inputs(number)),
            )
            for number, node in self.nodes.items()
        }
        order = canonical_order(vertices)
        renamed = {SOURCE: SOURCE, SINK: SINK} | dict(zip(order, count(FIRST)))
        return Graph(
            {renamed[number]: node for number, node in self.nodes.items()},
            frozenset((renamed[a], renamed[b]) for a, b in self.edges),
        )

    @property
    def next_id(self) -> int:
        """The counted id of the next node to be added."""
        return max(self.nodes, default=FIRST - 1) + 1

    def innovation(self, source: int, target: int) -> int:
        """Return the id of a convolution to be added between two nodes.

        It is the same in every graph with as many convolutions from the same place.
        """
        for number in count():
            place = derive(source, target, number)
            innovation = FIRST_INNOVATION + place % (MAX_ID + 1 - FIRST_INNOVATION)
            if innovation not in self.nodes:
                return innovation
        raise AssertionError  # count() never ends

    @cached_property
    def numbers(self) -> dict[int, int]:
        """Short numbers of the convolutions by id, from 2 up in topological order.

        Pages show them, and encodings use them. Counted ids are short and stay.
        """
        if max(self.nodes) < FIRST_INNOVATION:
            return {number: number for number in self.nodes}
        return {number: place for place, number in enumerate(self.order, start=FIRST)}


def minimal(channels: int, kernel: int, pool: bool = False) -> Graph:
    """Return the graph of source, one convolution and sink."""
    edges = frozenset({(SOURCE, FIRST), (FIRST, SINK)})
    return Graph({FIRST: Convolution(channels, kernel, pool)}, edges)
