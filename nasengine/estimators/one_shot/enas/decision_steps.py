"""In which steps a recurrent controller goes through a space's decisions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ....core.decision import Decision


def steps(decisions: Sequence[Decision]) -> list[tuple[tuple[int, ...], bool]]:
    """The places decided in each step, and whether it is the last of its block.

    A step decides one place, or all skips of a block that stand together.
    """
    found = []
    for _, block in groupby(enumerate(decisions), key=lambda pair: pair[1].block):
        parts: list[tuple[int, ...]] = []
        for skips, run in groupby(block, key=lambda pair: pair[1].kind == "skip"):
            places = tuple(place for place, _ in run)
            parts += [places] if skips else [(place,) for place in places]
        found += [(places, places is parts[-1]) for places in parts]
    return found


def first_cell(decisions: Sequence[Decision]) -> set[int]:
    """The blocks before the first one that again can read the outside only."""
    found: set[int] = set()
    for decision in decisions:
        outside = decision.kind == "input" and all(source < 0 for source in decision.sources)
        if found and outside and decision.block not in found:
            break
        found.add(decision.block)
    return found
