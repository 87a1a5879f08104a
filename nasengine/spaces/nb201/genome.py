"""The genome of space `nb201`: the architecture string of NAS-Bench-201."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache
from typing import Any

from ...core.architecture import Architecture
from ...core.decision import Decision
from ...core.errors import InvalidArchitecture
from ...core.text import shorten
from .config import OPS

# (source, target) in the order of the string; node 0 is the input, node 3 the output.
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
RULE = "it must read |op~0|+|op~0|op~1|+|op~0|op~1|op~2| with operations out of " + ", ".join(OPS)


@cache
def decisions(operations: tuple[str, ...]) -> tuple[Decision, ...]:
    """Return one decision for each edge, in the order of EDGES; a node is a block."""
    return tuple(
        Decision(f"op {source} to {target}", operations, "op", block=target - 1)
        for source, target in EDGES
    )


def parse(text: Any) -> tuple[str, ...]:
    """Return the six operations of an architecture string, in the order of EDGES.

    Spaces around the string, a group or an operation are ignored.

    Raises:
        InvalidArchitecture: the text does not name six known operations at their edges.
    """
    if not isinstance(text, str):
        raise InvalidArchitecture(f"the architecture is {shorten(text)}, not a string: {RULE}")
    groups = [group.strip().strip("|").split("|") for group in text.split("+")]
    if [len(group) for group in groups] != [1, 2, 3]:
        raise InvalidArchitecture(f"{shorten(text)} does not have three nodes: {RULE}")
    ops = []
    for part, (source, target) in zip(itertools.chain(*groups), EDGES, strict=True):
        op, _, index = (field.strip() for field in part.partition("~"))
        if op not in OPS or index != str(source):
            raise InvalidArchitecture(
                f"the edge from node {source} to node {target} is {shorten(part)}: {RULE}"
            )
        ops.append(op)
    return tuple(ops)


def to_string(ops: Sequence[str]) -> str:
    """Return the architecture string of six operations in the order of EDGES."""
    parts = [f"{op}~{source}" for op, (source, _) in zip(ops, EDGES, strict=True)]
    groups = (parts[:1], parts[1:3], parts[3:])
    return "+".join("|" + "|".join(group) + "|" for group in groups)


def arch_str(architecture: Architecture) -> str:
    """Return the string that the benchmark's tables use for an architecture of `nb201`."""
    return to_string(parse(architecture.genome))
