"""Which parameter of a parent each parameter of a `cell` child comes from."""

from __future__ import annotations

import re
from typing import Any

from .cell_genome import Genome
from .inheritance import Origin

PLACE = re.compile(r"cells\.(\d+)\.operations\.(\d+)\.(\d+)(\..+)")
Kept = dict[tuple[int, int], int]


def origins(reductions: tuple[int, int], child: Genome, parent: Genome) -> Origin:
    """The rule for two genomes of the same settings; `reductions` are the cells that reduce.

    A pair of a node passes on where the parent's node has a pair of the same operation and
    input, wherever it stands in the node; what stands outside of the nodes always does.
    """
    kept = {name: _kept(child[name], parent[name]) for name in child}

    def origin(name: str) -> str | None:
        place = PLACE.fullmatch(name)
        if place is None:
            return name
        cell, node, which = (int(part) for part in place.groups()[:3])
        kind = "reduce" if cell in reductions else "normal"
        before = kept[kind].get((node, which))
        return None if before is None else f"cells.{cell}.operations.{node}.{before}{place[4]}"

    return origin


def _kept(child: dict[str, Any], parent: dict[str, Any]) -> Kept:
    """(node, place of a pair) -> the place the same pair has in the parent's node."""
    found: Kept = {}
    for node, (pairs, before) in enumerate(zip(child["nodes"], parent["nodes"], strict=True), 2):
        left = dict(enumerate(before))
        for which, pair in enumerate(pairs):
            place = next((place for place, other in left.items() if other == pair), None)
            if place is not None:
                del left[place]  # a node may hold the same pair twice
                found[node, which] = place
    return found
