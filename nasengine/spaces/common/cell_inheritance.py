"""Which parameter of the parent each parameter of a cell network is copied from."""

from __future__ import annotations

import re
from typing import Any

from .cell_genome import Genome
from .inheritance import Origin

PAIR = re.compile(r"cells\.(\d+)\.operations\.(\d+)\.(\d+)(\..+)")
Kept = dict[tuple[int, int], int]


def origins(reductions: tuple[int, int], child: Genome, parent: Genome) -> Origin:
    """Return the mapping for two genomes with the same settings.

    A pair is copied if the parent's node has a pair with the same operation and input, in any
    position; everything outside the nodes is copied.

    Args:
        reductions: Indices of the reduction cells.
        child: Genome of the child.
        parent: Genome of the parent.
    """
    kept = {name: _kept(child[name], parent[name]) for name in child}

    def origin(name: str) -> str | None:
        match = PAIR.fullmatch(name)
        if match is None:
            return name
        cell, node, position = (int(part) for part in match.groups()[:3])
        kind = "reduce" if cell in reductions else "normal"
        before = kept[kind].get((node, position))
        return None if before is None else f"cells.{cell}.operations.{node}.{before}{match[4]}"

    return origin


def _kept(child: dict[str, Any], parent: dict[str, Any]) -> Kept:
    """Map (node, position of a pair) to the position of the same pair in the parent's node."""
    kept: Kept = {}
    for node, (pairs, before) in enumerate(zip(child["nodes"], parent["nodes"], strict=True), 2):
        left = dict(enumerate(before))
        for position, pair in enumerate(pairs):
            same = next((number for number, other in left.items() if other == pair), None)
            if same is not None:
                del left[same]  # a node may contain the same pair twice
                kept[node, position] = same
    return kept
