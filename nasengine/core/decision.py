"""Decision: one place of the sequence an architecture can be written as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DecisionKind = Literal["op", "input", "size"]


@dataclass(frozen=True)
class Decision:
    """One choice among named options, as a controller makes it.

    `kind` says what is chosen: an operation, where a value comes from, or a size. Decisions
    of one `block` belong together, as the inputs and operations of one node do; blocks
    count from 0 in the order of the sequence.
    """

    name: str
    options: tuple[str, ...]
    kind: DecisionKind
    block: int
