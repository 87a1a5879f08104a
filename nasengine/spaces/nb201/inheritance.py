"""Which parameter of a parent each parameter of an `nb201` child comes from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..common.inheritance import Origin

# A cell numbers its edges without those of `none`, which are not built.
PLACE = re.compile(r"(stages\.\d+\.\d+\.operations\.)(\d+)(\..+)")


def origins(child: Sequence[str], parent: Sequence[str]) -> Origin:
    """The rule for two lists of six operations, in the order of EDGES.

    An edge passes on where both have the same operation; what stands outside of the cells
    always does.
    """
    before = {edge: number for number, edge in enumerate(_built(parent))}
    kept = {
        number: before[edge]
        for number, edge in enumerate(_built(child))
        if child[edge] == parent[edge]
    }

    def origin(name: str) -> str | None:
        place = PLACE.fullmatch(name)
        if place is None:
            return name
        start, number, rest = place.groups()
        return f"{start}{kept[int(number)]}{rest}" if int(number) in kept else None

    return origin


def _built(ops: Sequence[str]) -> list[int]:
    """The edges that have a module, in their order."""
    return [edge for edge, op in enumerate(ops) if op != "none"]
