"""Which parameter of the parent each parameter of an `nb201` child is copied from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..common.inheritance import Origin

# A cell numbers only the edges that are built; `none` has no module.
EDGE = re.compile(r"(stages\.\d+\.\d+\.operations\.)(\d+)(\..+)")


def origins(child: Sequence[str], parent: Sequence[str]) -> Origin:
    """Return the mapping for two lists of six operations, in the order of EDGES.

    An edge is copied if both have the same operation; everything outside the cells is copied.
    """
    parent_numbers = {edge: number for number, edge in enumerate(_built(parent))}
    kept = {
        number: parent_numbers[edge]
        for number, edge in enumerate(_built(child))
        if child[edge] == parent[edge]
    }

    def origin(name: str) -> str | None:
        match = EDGE.fullmatch(name)
        if match is None:
            return name
        start, number, rest = match.groups()
        return f"{start}{kept[int(number)]}{rest}" if int(number) in kept else None

    return origin


def _built(ops: Sequence[str]) -> list[int]:
    """Return the edges that have a module, in order."""
    return [edge for edge, op in enumerate(ops) if op != "none"]
