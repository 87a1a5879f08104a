"""A genome of space `cell` as a sequence of choices.

For each node, first of the normal, then of the reduction cell: input, op, input, op. The
two inputs of a node differ. Published cells that read one input twice, or that concatenate
some nodes only, have no such sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from ...core.decision import Decision
from ...core.errors import InvalidArchitecture
from ..common.cell_genome import CELLS, Genome, cell

A_NODE = 4  # decisions: input, op, input, op


@lru_cache(maxsize=32)
def decisions(nodes: int, operations: tuple[str, ...]) -> tuple[Decision, ...]:
    """2 x nodes x 4 decisions; a node is a block."""
    found = []
    places = [(name, index) for name in CELLS for index in range(2, nodes + 2)]
    for block, (name, index) in enumerate(places):
        inputs = tuple(map(str, range(index)))
        first = block - (index - 2)  # of this cell's own blocks
        sources = (-2, -1, *range(first, block))
        for which in ("first", "second"):
            place = f"{name} {index} {which} input"
            found.append(Decision(place, inputs, "input", block, sources))
            found.append(Decision(f"{name} {index} {which} op", operations, "op", block))
    return tuple(found)


def allowed(choices: Sequence[int], place: int, decision: Decision) -> tuple[int, ...]:
    """The options at a place: an input that the node's other pair does not read."""
    options = range(len(decision.options))
    if decision.kind == "op":
        return tuple(options)
    other = place + 2 if place % A_NODE == 0 else place - 2
    taken = choices[other] if other < len(choices) else None
    return tuple(option for option in options if option != taken)


def choices(genome: Genome, operations: tuple[str, ...]) -> tuple[int, ...]:
    """The sequence of a genome in canonical order.

    Raises:
        InvalidArchitecture: a node reads one input twice, or not all nodes are concatenated.
    """
    found: list[int] = []
    for name in CELLS:
        nodes = genome[name]["nodes"]
        if genome[name] != cell(nodes) or any(one[0][1] == one[1][1] for one in nodes):
            raise InvalidArchitecture(
                f"cell {name} has no sequence of choices: each node must read two different "
                "inputs, and the output join all nodes"
            )
        for pairs in nodes:
            for op, source in pairs:
                found += [source, operations.index(op)]
    return tuple(found)


def genome(choices: Sequence[int], nodes: int, operations: tuple[str, ...]) -> Genome:
    """The genome of a sequence, in canonical form."""
    numbers = iter(choices)
    found: Genome = {}
    for name in CELLS:
        made = []
        for _ in range(nodes):
            first, first_op, second, second_op = (next(numbers) for _ in range(A_NODE))
            made.append([[operations[first_op], first], [operations[second_op], second]])
        found[name] = cell(made)
    return found
