"""Blocks of two parts, [[op, input], [op, input]]: cells of RENAS and of ENAS' micro space.

Inputs 0 and 1 are the outputs of the two previous cells, 2 and up are the blocks in order. Both
parts of a block may read the same input. Their order has no meaning, so the canonical form sorts
them by input, then by operation.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ...core.decision import Decision
from ...core.errors import InvalidArchitecture
from ...core.text import shorten
from . import cell_genome

DECISIONS_PER_BLOCK = 4  # input, op, input, op
Blocks = list[Any]
# Block, part, field (0: op, 1: input) and its new value.
Move = tuple[int, int, int, Any]


def ordered(blocks: Blocks) -> Blocks:
    """Return the canonical form of blocks whose parts are in any order."""
    return [cell_genome.node(*parts) for parts in blocks]


def canonical(blocks: Blocks) -> Blocks:
    """Return isomorphic blocks, the same ones for all that differ in the order of blocks."""
    cell = {"nodes": blocks, "concat": cell_genome.unused(blocks)}
    nodes: Blocks = cell_genome.canonical(cell)["nodes"]
    return nodes


def draw(rng: np.random.Generator, blocks: int, operations: tuple[str, ...]) -> Blocks:
    """Draw blocks uniformly over operations and inputs; parts are not sorted."""
    return [
        [[operations[rng.integers(len(operations))], int(rng.integers(index))] for _ in range(2)]
        for index in range(2, blocks + 2)
    ]


def check(name: str, blocks: Any, count: int, operations: tuple[str, ...]) -> None:
    """Check that a JSON value is a list of `count` blocks.

    Args:
        name: The value in messages, such as "cell normal".
        blocks: The value.
        count: Number of blocks.
        operations: Allowed operations.

    Raises:
        InvalidArchitecture: names the first broken rule, the place and the value.
    """
    if not isinstance(blocks, list) or len(blocks) != count:
        raise InvalidArchitecture(
            f"{name} is {shorten(blocks)}: it must be a list of {count} blocks, as the space's "
            "settings require"
        )
    for index, parts in enumerate(blocks, start=2):
        cell_genome.check_node(f"block {index} of {name}", index, parts, operations)


def moves(blocks: Blocks, operations: tuple[str, ...], field: int) -> list[Move]:
    """Return every change of an op (field 0) or of an input (field 1)."""
    return [
        (index, which, field, value)
        for index, parts in enumerate(blocks)
        for which, part in enumerate(parts)
        for value in (range(index + 2) if field else operations)
        if value != part[field]
    ]


def changed(blocks: Blocks, move: Move) -> Blocks:
    """Return a copy with one change."""
    index, which, field, value = move
    copied = copy.deepcopy(blocks)
    copied[index][which][field] = value
    return copied


def crossed(first: Blocks, second: Blocks, rng: np.random.Generator) -> Blocks:
    """Take each whole block from either parent with probability 1/2."""
    pairs = zip(first, second, strict=True)
    return [copy.deepcopy(pair[rng.integers(2)]) for pair in pairs]


def counts(blocks: Blocks, operations: tuple[str, ...]) -> np.ndarray:
    """Return how often each (block, input, op) occurs, as one vector."""
    parts = []
    for index, block in enumerate(blocks, start=2):
        occurrences = np.zeros((index, len(operations)))
        for op, source in block:
            occurrences[source, operations.index(op)] += 1
        parts.append(occurrences.ravel())
    return np.concatenate(parts)


@lru_cache(maxsize=32)
def decisions(
    cells: tuple[str, ...], blocks: int, operations: tuple[str, ...]
) -> tuple[Decision, ...]:
    """Return input, op, input, op for each block of each cell."""
    decided = []
    for first, cell in zip(range(0, blocks * len(cells), blocks), cells, strict=True):
        for block in range(first, first + blocks):
            inputs = tuple(map(str, range(block - first + 2)))
            sources = (-2, -1, *range(first, block))
            for which in ("first", "second"):
                part = f"{cell} {block - first + 2} {which}"
                decided.append(Decision(f"{part} input", inputs, "input", block, sources))
                decided.append(Decision(f"{part} op", operations, "op", block))
    return tuple(decided)


def choices(blocks: Blocks, operations: tuple[str, ...]) -> tuple[int, ...]:
    """Return the option indices of blocks."""
    parts = (part for block in blocks for part in block)
    return tuple(choice for op, source in parts for choice in (source, operations.index(op)))


def from_choices(choices: Sequence[int], operations: tuple[str, ...]) -> Blocks:
    """Return the blocks of option indices; parts are not sorted."""
    starts = range(0, len(choices), DECISIONS_PER_BLOCK)
    return [
        [[operations[op], source] for source, op in ((in1, op1), (in2, op2))]
        for in1, op1, in2, op2 in (choices[start : start + DECISIONS_PER_BLOCK] for start in starts)
    ]


def cells(
    choices: Sequence[int], names: tuple[str, ...], operations: tuple[str, ...]
) -> dict[str, Blocks]:
    """Return the blocks of several cells of equal length from consecutive choices."""
    length = len(choices) // len(names)
    return {
        name: from_choices(choices[number * length : (number + 1) * length], operations)
        for number, name in enumerate(names)
    }


def size(blocks: int, operations: int) -> int:
    """Return the number of different cells."""
    total = 1
    for index in range(2, blocks + 2):
        parts = index * operations
        total *= parts * (parts + 1) // 2  # unordered pairs, with repetition
    return total
