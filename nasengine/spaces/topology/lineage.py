"""Who stands for whom: the graph of a child beside that of its parent.

Nodes of one id are the same node. An edge that the child no longer has may live on through
new nodes, one or a chain of them: they stand in for whom it came from, and whoever reads the
last of them reads it with the weights of the old edge. All other new nodes are branches.
"""

from __future__ import annotations

from .graph import SINK, SOURCE, Graph


class Lineage:
    """`passes_on` maps each new node that stands in to the one of its inputs it repeats.

    `width` is the number of channels the source has.
    """

    def __init__(self, child: Graph, parent: Graph, width: int):
        self.child, self.parent = child, parent
        self.channels = _channels(child, width)
        self.channels_before = _channels(parent, width)
        self.passes_on: dict[int, int] = {}
        self._firsts: dict[int, int] = {}
        self._places: dict[tuple[int, int], int] = {}
        for reader in [*child.order, SINK]:
            if reader == SINK or reader in parent.nodes:
                for lost in sorted({*parent.inputs(reader)} - {*child.inputs(reader)}):
                    self._stand_in(lost, reader)

    def origin(self, reader: int, one: int) -> int | None:
        """Whose weights in the parent's `reader` are those of the child's input `one`."""
        if one in self.parent.inputs(reader):
            return one
        return self._places.get((reader, one))

    def twin(self, number: int) -> int | None:
        """The parent's node that gave what this one shall give; None: a branch has none."""
        return self._firsts.get(number) if self.is_new(number) else number

    def is_new(self, number: int) -> bool:
        """Whether the parent has no such node."""
        return number != SOURCE and number not in self.parent.nodes

    def _stand_in(self, lost: int, reader: int) -> None:
        """Finds the new nodes through which an edge that is gone lives on, if it does."""
        seen: set[int] = set()
        for last in self.child.inputs(reader):
            chain = [] if (reader, last) in self._places else self._chain(lost, last, seen)
            if chain:
                self.passes_on.update(zip(chain, [lost, *chain], strict=False))
                self._firsts.update(dict.fromkeys(chain, lost))
                self._places[reader, last] = lost
                return

    def _chain(self, first: int, last: int, seen: set[int]) -> list[int]:
        """New nodes behind `first` up to `last`, each able to repeat the one before; [] if none.

        `seen` are those from which no way was found.
        """
        if not self.is_new(last) or last in seen:
            return []
        seen.add(last)
        fixed = self.passes_on.get(last)
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
        """Whether a node can give what one of its inputs gives, each channel equally often."""
        whole = self.channels[number] % self.channels_before[first] == 0
        same_size = self.child.levels[number] == self.child.levels[before]
        return whole and same_size


def _channels(graph: Graph, width: int) -> dict[int, int]:
    return {SOURCE: width} | {number: node.channels for number, node in graph.nodes.items()}
