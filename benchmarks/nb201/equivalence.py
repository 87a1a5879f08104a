"""Which cells of space `nb201` compute the same function.

A cell may hold edges that nothing reads, edges that read a node without input, and nodes that
can be swapped. Cells that differ only in these have the same function of their input and of
their weights, so training one of them is training all of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from nasengine.spaces.nb201.space import EDGES, parse

# ("input",), ("pool", term), or (operation, edge, terms): a convolution of a sum of terms. The
# edge tells two convolutions of the same input from one that is read twice.
Term = tuple[Any, ...]
NODES = 4


def cell_function(ops: Sequence[str]) -> str:
    """Return a text that is equal for cells which compute the same function.

    Args:
        ops: Six operations in the order of `EDGES`.
    """
    output = _output(ops)
    used = sorted({edge for term in output for edge in _convolutions(term)})
    # Convolutions have no names of their own: the smallest text over all numberings counts.
    numberings = itertools.permutations(range(len(used)))
    return min(_sum(output, dict(zip(used, numbers, strict=True))) for numbers in numberings)


def equivalent_cells(texts: Iterable[str]) -> list[list[str]]:
    """Group architecture strings by the function of their cells.

    Returns:
        Groups, the largest first; in each, the string with the fewest edges is the first.
    """
    groups: dict[str, list[str]] = {}
    for text in texts:
        groups.setdefault(cell_function(parse(text)), []).append(text)
    ordered = [sorted(group, key=lambda text: -text.count("none~")) for group in groups.values()]
    return sorted(ordered, key=lambda group: -len(group))


def _output(ops: Sequence[str]) -> list[Term]:
    """The terms whose sum is the last node."""
    nodes: list[list[Term]] = [[("input",)]]
    for target in range(1, NODES):
        terms: list[Term] = []
        for edge, (op, (source, end)) in enumerate(zip(ops, EDGES, strict=True)):
            if end != target or op == "none":
                continue
            if op == "skip_connect":
                terms += nodes[source]
            elif op == "avg_pool_3x3":  # linear: the pool of a sum is the sum of the pools
                terms += [("pool", term) for term in nodes[source]]
            else:  # of a node without input too: batch normalisation adds its shift
                terms.append((op, edge, tuple(nodes[source])))
        nodes.append(terms)
    return nodes[-1]


def _convolutions(term: Term) -> set[int]:
    """The edges of all convolutions that a term contains."""
    if term[0] == "input":
        return set()
    if term[0] == "pool":
        return _convolutions(term[1])
    return {term[1]}.union(*(_convolutions(inner) for inner in term[2]))


def _sum(terms: Iterable[Term], numbers: dict[int, int]) -> str:
    return "+".join(sorted(_text(term, numbers) for term in terms))


def _text(term: Term, numbers: dict[int, int]) -> str:
    if term[0] == "input":
        return "input"
    if term[0] == "pool":
        return f"pool({_text(term[1], numbers)})"
    return f"{term[0]}#{numbers[term[1]]}({_sum(term[2], numbers)})"
