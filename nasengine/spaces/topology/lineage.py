"""Which nodes of a child's graph correspond to which nodes of its parent's graph.

Nodes with the same id correspond. A parent's edge that the child lacks may have been replaced by
a chain of new nodes: these nodes can repeat the source of the edge, and the reader of the last
one then uses the weights of the old edge. All other new nodes are branches.
"""

from __future__ import annotations

from .graph import SINK, SOURCE, Graph


class Lineage:
    """The correspondence between a child and its parent.

    Attributes:
        child: Graph of the child.
        parent: Graph of the parent.
        channels: Channels of each node of the child.
        parent_channels: Channels of each node of the parent.
        repeats: Maps each new node of a chain to the input that it repeats.

    Args:
        child: Graph of the child.
        parent: Graph of the parent.
        width: Channels of the source.
    """

    def __init__(self, child: Graph, parent: Graph, width: int):
        self.child, self.parent = child, parent
        self.channels = _channels(child, width)
        self.parent_channels = _channels(parent, width)
        self.repeats: dict[int, int] = {}
        self._sources: dict[int, int] = {}
        self._origins: dict[tuple[int, int], int] = {}
        for reader in [*child.order, SINK]:
            if reader == SINK or reader in parent.nodes:
                for lost in sorted({*parent.inputs(reader)} - {*child.inputs(reader)}):
                    self._find_chain(lost, reader)

    def origin(self, reader: int, number: int) -> int | None:
        """Return the parent's input of `reader` that the child's input `number` replaces.

        None means that the input is new.
        """
        if number in self.parent.inputs(reader):
            return number
        return self._origins.get((reader, number))

    def twin(self, number: int) -> int | None:
        """Return the parent's node whose output this node repeats; None for a branch."""
        return self._sources.get(number) if self.is_new(number) else number

    def is_new(self, number: int) -> bool:
        """Whether the parent does not have this node."""
        return number != SOURCE and number not in self.parent.nodes

    def _find_chain(self, lost: int, reader: int) -> None:
        """Record the chain of new nodes that replaces the lost edge to a reader, if any."""
        seen: set[int] = set()
        for last in self.child.inputs(reader):
            chain = [] if (reader, last) in self._origins else self._chain(lost, last, seen)
            if chain:
                self.repeats.update(zip(chain, [lost, *chain], strict=False))
                self._sources.update(dict.fromkeys(chain, lost))
                self._origins[reader, last] = lost
                return

    def _chain(self, first: int, last: int, seen: set[int]) -> list[int]:
        """Return new nodes from `first` to `last` that can each repeat the previous one.

        Returns an empty list if there is no such chain. `seen` collects the nodes without one.
        """
        if not self.is_new(last) or last in seen:
            return []
        seen.add(last)
        fixed = self.repeats.get(last)
        for before in self.child.inputs(last) if fixed is None else [fixed]:
            if not self._can_repeat(last, before, first):
                continue
            if before == first:
                return [last]
            chain = self._chain(first, before, seen)
            if chain:
                return [*chain, last]
        return []

    def _can_repeat(self, number: int, before: int, first: int) -> bool:
        """Whether a node can repeat one of its inputs, each channel equally often."""
        divides = self.channels[number] % self.parent_channels[first] == 0
        same_size = self.child.levels[number] == self.child.levels[before]
        return divides and same_size


def _channels(graph: Graph, width: int) -> dict[int, int]:
    return {SOURCE: width} | {number: node.channels for number, node in graph.nodes.items()}
