"""Blocks of two parts, [[op, input], [op, input]], as RENAS and ENAS' micro space write a cell.

Inputs 0 and 1 are the last but one and the last cell, 2 and up the blocks in order. The two
parts of a block may read the same input; their order means nothing, so they stand by input,
then by name.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ...core.decision import Decision
from ...core.errors import InvalidArchitecture
from . import cell_genome
from .membership import shown

A_BLOCK = 4  # decisions: input, op, input, op
Blocks = list[Any]
# Block, part, field (0: op, 1: input) and its new value.
Move = tuple[int, int, int, Any]


def ordered(blocks: Blocks) -> Blocks:
    """The canonical form; parts of a block may stand in any order."""
    return [cell_genome.node(*parts) for parts in blocks]


def draw(rng: np.random.Generator, blocks: int, operations: tuple[str, ...]) -> Blocks:
    """Blocks drawn uniformly over operations and inputs, not ordered."""
    return [
        [[operations[rng.integers(len(operations))], int(rng.integers(index))] for _ in range(2)]
        for index in range(2, blocks + 2)
    ]


def check(place: str, blocks: Any, count: int, operations: tuple[str, ...]) -> None:
    """Holds any JSON value against the rules; `place` says what it is in errors.

    Raises:
        InvalidArchitecture: the first broken rule, with the place and the value.
    """
    if not isinstance(blocks, list) or len(blocks) != count:
        raise InvalidArchitecture(
            f"{place} is {shown(blocks)}: it must be a list of {count} blocks, as the space's "
            "settings say"
        )
    for index, parts in enumerate(blocks, start=2):
        cell_genome.check_node(f"block {index} of {place}", index, parts, operations)


def moves(blocks: Blocks, operations: tuple[str, ...], field: int) -> list[Move]:
    """Every change of an op (field 0) or an input (field 1)."""
    return [
        (index, which, field, value)
        for index, parts in enumerate(blocks)
        for which, part in enumerate(parts)
        for value in (range(index + 2) if field else operations)
        if value != part[field]
    ]


def changed(blocks: Blocks, move: Move) -> Blocks:
    """A copy with one change made."""
    index, which, field, value = move
    found = copy.deepcopy(blocks)
    found[index][which][field] = value
    return found


def crossed(first: Blocks, second: Blocks, rng: np.random.Generator) -> Blocks:
    """Each block whole from one of the two with an even chance."""
    pairs = zip(first, second, strict=True)
    return [copy.deepcopy(pair[rng.integers(2)]) for pair in pairs]


def counts(blocks: Blocks, operations: tuple[str, ...]) -> np.ndarray:
    """How often each (block, input, op) occurs, one after the other."""
    parts = []
    for index, block in enumerate(blocks, start=2):
        found = np.zeros((index, len(operations)))
        for op, source in block:
            found[source, operations.index(op)] += 1
        parts.append(found.ravel())
    return np.concatenate(parts)


@lru_cache(maxsize=32)
def decisions(
    cells: tuple[str, ...], blocks: int, operations: tuple[str, ...]
) -> tuple[Decision, ...]:
    """For each block of each cell: input, op, input, op."""
    found = []
    for first, cell in zip(range(0, blocks * len(cells), blocks), cells, strict=True):
        for block in range(first, first + blocks):
            inputs = tuple(map(str, range(block - first + 2)))
            sources = (-2, -1, *range(first, block))
            for which in ("first", "second"):
                place = f"{cell} {block - first + 2} {which}"
                found.append(Decision(f"{place} input", inputs, "input", block, sources))
                found.append(Decision(f"{place} op", operations, "op", block))
    return tuple(found)


def choices(blocks: Blocks, operations: tuple[str, ...]) -> tuple[int, ...]:
    """The sequence of options that blocks are written as."""
    parts = (part for block in blocks for part in block)
    return tuple(one for op, source in parts for one in (source, operations.index(op)))


def chosen(choices: Sequence[int], operations: tuple[str, ...]) -> Blocks:
    """The blocks of a sequence, not ordered."""
    starts = range(0, len(choices), A_BLOCK)
    return [
        [[operations[op], source] for source, op in ((in1, op1), (in2, op2))]
        for in1, op1, in2, op2 in (choices[start : start + A_BLOCK] for start in starts)
    ]


def cells(
    choices: Sequence[int], names: tuple[str, ...], operations: tuple[str, ...]
) -> dict[str, Blocks]:
    """The blocks of several cells of equal length, written one after the other."""
    each = len(choices) // len(names)
    return {
        name: chosen(choices[place * each : (place + 1) * each], operations)
        for place, name in enumerate(names)
    }


def size(blocks: int, operations: int) -> int:
    """How many different descriptions of a cell there are."""
    total = 1
    for index in range(2, blocks + 2):
        parts = index * operations
        total *= parts * (parts + 1) // 2
    return total
