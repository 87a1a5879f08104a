"""Canonical order of the vertices of a small directed graph without cycles.

Two graphs that differ only in the names of their vertices get the same order, so that spaces can
recognise isomorphic architectures. The order is the one with the smallest code among all
topological orders. Colour refinement (Weisfeiler and Leman) and twins leave few orders to compare.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Graphs with so many equal-looking vertices that more orders would have to be compared get the
# best order so far. Then two isomorphic graphs may be taken for different ones, never the reverse.
MAX_ORDERS = 5_000
Code = tuple[Any, ...]


@dataclass(frozen=True)
class Vertex:
    """A vertex with its label and what it reads.

    Attributes:
        label: Kind of the vertex; equal vertices have equal labels.
        reads: (label of the edge, source) for each edge into the vertex. A source that is not
            among the vertices of the graph, such as the input of a cell, keeps its number.
    """

    label: str
    reads: tuple[tuple[str, int], ...]


def canonical_order(vertices: Mapping[int, Vertex]) -> list[int]:
    """Return the vertices in canonical order; each comes after all that it reads.

    Args:
        vertices: The vertices by number. Sources outside have other numbers.
    """
    return _Search(vertices).best_order()


class _Search:
    """Depth-first search for the topological order with the smallest code."""

    def __init__(self, vertices: Mapping[int, Vertex]):
        self._vertices = vertices
        self._readers: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for number, vertex in vertices.items():
            for edge, source in vertex.reads:
                self._readers[source].append((edge, number))
        self._colours = self._refined()
        self._best: tuple[list[Code], list[int]] | None = None
        self._orders = 0

    def best_order(self) -> list[int]:
        self._extend([], [])
        assert self._best is not None
        return self._best[1]

    def _extend(self, order: list[int], codes: list[Code]) -> None:
        if len(order) == len(self._vertices):
            self._orders += 1
            if self._best is None or codes < self._best[0]:
                self._best = codes, order
            return
        smallest, tied = self._candidates(order)
        codes = [*codes, smallest]
        # A partial order whose code is larger than that of the best order cannot become better.
        if self._best is not None and codes > self._best[0][: len(codes)]:
            return
        for number in tied:
            if self._orders < MAX_ORDERS:
                self._extend([*order, number], codes)

    def _candidates(self, order: list[int]) -> tuple[Code, list[int]]:
        """Return the smallest code of the next vertex, and one vertex of each kind with it."""
        position = {number: index for index, number in enumerate(order)}
        ready: dict[Code, dict[Any, int]] = defaultdict(dict)
        for number, vertex in self._vertices.items():
            if number in position:
                continue
            if all(s in position or s not in self._vertices for _, s in vertex.reads):
                # Twins have the same readers: exchanging them changes nothing.
                twins = tuple(sorted(self._readers[number]))
                ready[self._code(vertex, number, position)].setdefault(twins, number)
        smallest = min(ready)
        return smallest, list(ready[smallest].values())

    def _code(self, vertex: Vertex, number: int, position: Mapping[int, int]) -> Code:
        """Return what is known of a vertex whose sources all have a position."""
        reads = (
            (1, position[source], edge) if source in position else (0, source, edge)
            for edge, source in vertex.reads
        )
        return (tuple(sorted(reads)), vertex.label, self._colours[number])

    def _refined(self) -> dict[int, int]:
        """Return a colour for each vertex; isomorphic graphs give partners the same colour."""
        colours = _ranked({number: vertex.label for number, vertex in self._vertices.items()})
        while True:
            signs = {number: self._sign(number, colours) for number in self._vertices}
            refined = _ranked(signs)
            if len(set(refined.values())) == len(set(colours.values())):
                return refined
            colours = refined

    def _sign(self, number: int, colours: Mapping[int, int]) -> Code:
        reads = (
            (1, colours[source], edge) if source in colours else (0, source, edge)
            for edge, source in self._vertices[number].reads
        )
        readers = ((colours[reader], edge) for edge, reader in self._readers[number])
        return (colours[number], tuple(sorted(reads)), tuple(sorted(readers)))


def _ranked(signs: Mapping[int, Any]) -> dict[int, int]:
    """Return the rank of each sign among the different signs."""
    ranks = {sign: rank for rank, sign in enumerate(sorted(set(signs.values())))}
    return {number: ranks[sign] for number, sign in signs.items()}
