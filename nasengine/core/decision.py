"""Decision: one choice in the sequence of choices that describes an architecture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DecisionKind = Literal["op", "input", "size", "skip"]


@dataclass(frozen=True)
class Decision:
    """One choice among named options, as a controller makes it.

    Attributes:
        name: Unique within the space, such as "layer 3 kernel".
        options: Names of the options; a choice is an index into them.
        kind: The kind of choice: an operation, the input of an operation, a size, or whether there
            is a skip connection ("no", "yes").
        block: Decisions of one block belong together, such as the inputs and operations of one
            node. Blocks count from 0 in the order of the sequence.
        sources: For an input, the block that each option reads; for a skip connection, the one
            block that it reads. Numbers below 0 are values from outside the cell.
    """

    name: str
    options: tuple[str, ...]
    kind: DecisionKind
    block: int
    sources: tuple[int, ...] = ()
