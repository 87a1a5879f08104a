"""The order in which a recurrent controller makes the decisions of a space."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ....core.decision import Decision


def steps(decisions: Sequence[Decision]) -> list[tuple[tuple[int, ...], bool]]:
    """Return the decisions of each step by index, and whether the step is the last of its block.

    A step makes one decision, or all consecutive skip decisions of a block.
    """
    result = []
    for _, block in groupby(enumerate(decisions), key=lambda pair: pair[1].block):
        parts: list[tuple[int, ...]] = []
        for skips, run in groupby(block, key=lambda pair: pair[1].kind == "skip"):
            indices = tuple(index for index, _ in run)
            parts += [indices] if skips else [(index,) for index in indices]
        result += [(indices, indices is parts[-1]) for indices in parts]
    return result


def first_cell(decisions: Sequence[Decision]) -> set[int]:
    """Return the blocks of the first cell; a second cell starts with only outside inputs."""
    blocks: set[int] = set()
    for decision in decisions:
        outside = decision.kind == "input" and all(source < 0 for source in decision.sources)
        if blocks and outside and decision.block not in blocks:
            break
        blocks.add(decision.block)
    return blocks
