"""Canonical form of an architecture of space `nb201`: one string for all of the same function.

Equivalent strings differ in the numbers of the two inner nodes, in edges that cannot reach the
output, in operations without parameters on zero, or in the way that skips pass values on. Every
convolution keeps its own weights: the 6,466 topologies that the benchmark counts also treat two
convolutions of the same value as one, which is another function with fewer parameters.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from ..common.labelling import Vertex, canonical_order
from .genome import EDGES

INPUT = -1
OUTPUT = 1_000
CONVOLUTIONS = ("nor_conv_1x1", "nor_conv_3x3")
# In the order in which the canonical string prefers them.
FREE = ("none", "skip_connect", "avg_pool_3x3")
# The operation on a value, and how often each vertex is a term of that value.
Term = tuple[str, tuple[tuple[int, int], ...]]
Form = tuple[tuple[str, tuple[tuple[int, int], ...]], ...]


@lru_cache(maxsize=4096)
def canonical(ops: tuple[str, ...], operations: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first equivalent sequence of six operations.

    Args:
        ops: Operations in the order of EDGES.
        operations: The operations that the result may use.
    """
    wanted, sign = form(ops), _sign(ops)
    convolutions = Counter(op for op, _ in wanted if op in CONVOLUTIONS)
    free = [op for op in FREE if op in operations]
    for candidate in _candidates(convolutions, free):
        if _sign(candidate) == sign and form(candidate) == wanted:
            return candidate
    return ops


@lru_cache(maxsize=4096)
def form(ops: Sequence[str]) -> Form:
    """Return a description of the function; equal functions have equal descriptions.

    Each node of the cell is a sum of terms: the input, convolutions, and poolings of sums.
    """
    terms, output = _terms(ops)
    described = {**terms, OUTPUT: ("output", output)}
    order = _ordered(terms, output)
    position = {INPUT: INPUT, **{number: index for index, number in enumerate(order)}}
    return tuple(
        (op, tuple(sorted((position[term], count) for term, count in value)))
        for op, value in (described[number] for number in order)
    )


def _ordered(terms: dict[int, Term], output: tuple[tuple[int, int], ...]) -> list[int]:
    """Return the used operations in canonical order, then OUTPUT."""
    used = _reached(terms, output)
    vertices = {
        number: Vertex(op, tuple((str(count), term) for term, count in value))
        for number, (op, value) in terms.items()
        if number in used
    }
    vertices[OUTPUT] = Vertex("output", tuple((str(count), term) for term, count in output))
    order = canonical_order(vertices)
    order.remove(OUTPUT)
    return [*order, OUTPUT]


def _sign(ops: Sequence[str]) -> int:
    """Return a number that equal functions share; it is much quicker than their `form`."""
    terms, output = _terms(ops)
    signs = {INPUT: 1}
    for number, (op, value) in sorted(terms.items()):
        signs[number] = hash((op, frozenset((signs[term], count) for term, count in value)))
    return hash(tuple(sorted((signs[term], count) for term, count in output)))


def _terms(ops: Sequence[str]) -> tuple[dict[int, Term], tuple[tuple[int, int], ...]]:
    """Return the operations by number, each with its value, and the value of the output."""
    values: list[Counter[int]] = [Counter({INPUT: 1}), Counter(), Counter(), Counter()]
    terms: dict[int, Term] = {}
    poolings: dict[tuple[tuple[int, int], ...], int] = {}
    for number, (op, (source, target)) in enumerate(zip(ops, EDGES, strict=True)):
        value = tuple(sorted(values[source].items()))
        if op == "skip_connect":
            values[target].update(values[source])
        elif op in CONVOLUTIONS:
            # A convolution of zero is not zero: its batch normalisation adds a bias.
            terms[number] = op, value
            values[target][number] += 1
        elif op == "avg_pool_3x3" and value:
            # Two poolings of the same value are equal: they have no weights.
            pooling = poolings.setdefault(value, number)
            terms[pooling] = op, value
            values[target][pooling] += 1
    return terms, tuple(sorted(values[-1].items()))


def _reached(terms: dict[int, Term], output: tuple[tuple[int, int], ...]) -> set[int]:
    """Return the numbers of the operations that the output depends on."""
    reached: set[int] = set()
    waiting = [term for term, _ in output]
    while waiting:
        number = waiting.pop()
        if number != INPUT and number not in reached:
            reached.add(number)
            waiting += [term for term, _ in terms[number][1]]
    return reached


def _candidates(convolutions: Counter[str], free: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield every sequence with exactly these convolutions, in a fixed order."""
    names = [*free, *CONVOLUTIONS]
    for ops in itertools.product(names, repeat=len(EDGES)):
        if all(ops.count(name) == convolutions[name] for name in CONVOLUTIONS):
            yield ops
