"""A genome of space `cell` as a sequence of choices.

For each node, first of the normal, then of the reduction cell: input, op, input, op. The two
inputs of a node differ. Published cells that read one input twice, or that concatenate only some
nodes, have no such sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from ...core.decision import Decision
from ...core.errors import InvalidArchitecture
from ..common.cell_genome import CELLS, Genome, cell

DECISIONS_PER_NODE = 4  # input, op, input, op


@lru_cache(maxsize=32)
def decisions(nodes: int, operations: tuple[str, ...]) -> tuple[Decision, ...]:
    """Return 2 x nodes x 4 decisions; a node is a block."""
    decided = []
    places = [(name, index) for name in CELLS for index in range(2, nodes + 2)]
    for block, (name, index) in enumerate(places):
        inputs = tuple(map(str, range(index)))
        first = block - (index - 2)  # the first block of this cell
        sources = (-2, -1, *range(first, block))
        for which in ("first", "second"):
            part = f"{name} {index} {which}"
            decided.append(Decision(f"{part} input", inputs, "input", block, sources))
            decided.append(Decision(f"{part} op", operations, "op", block))
    return tuple(decided)


def allowed(choices: Sequence[int], index: int, decision: Decision) -> tuple[int, ...]:
    """Return the options of a decision; an input must differ from the node's other input."""
    options = range(len(decision.options))
    if decision.kind == "op":
        return tuple(options)
    other = index + 2 if index % DECISIONS_PER_NODE == 0 else index - 2
    taken = choices[other] if other < len(choices) else None
    return tuple(option for option in options if option != taken)


def choices(genome: Genome, operations: tuple[str, ...]) -> tuple[int, ...]:
    """Return the option indices of a genome.

    Raises:
        InvalidArchitecture: a node reads one input twice, or not all nodes are concatenated.
    """
    indices: list[int] = []
    for name in CELLS:
        nodes = genome[name]["nodes"]
        repeated = any(first[1] == second[1] for first, second in nodes)
        if genome[name] != cell(nodes) or repeated:
            raise InvalidArchitecture(
                f"cell {name} cannot be written as decisions: each node must read two different "
                "inputs, and the output must join all nodes"
            )
        for pairs in nodes:
            for op, source in pairs:
                indices += [source, operations.index(op)]
    return tuple(indices)


def genome(choices: Sequence[int], nodes: int, operations: tuple[str, ...]) -> Genome:
    """Return the genome of option indices, in canonical form."""
    numbers = iter(choices)
    cells: Genome = {}
    for name in CELLS:
        pairs = []
        for _ in range(nodes):
            first, first_op, second, second_op = (next(numbers) for _ in range(DECISIONS_PER_NODE))
            pairs.append([[operations[first_op], first], [operations[second_op], second]])
        cells[name] = cell(pairs)
    return cells
