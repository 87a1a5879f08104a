"""Decision: one place of the sequence an architecture can be written as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DecisionKind = Literal["op", "input", "size", "skip"]


@dataclass(frozen=True)
class Decision:
    """One choice among named options, as a controller makes it.

    `kind` says what is chosen: an operation, where a value comes from, a size, or whether one
    value is read besides ("no", "yes"). Decisions of one `block` belong together, as the inputs
    and operations of one node do; blocks count from 0 in the order of the sequence. Of an input,
    `sources` says for each option which block it is, of a skip which the one is that may be read;
    below 0 are the values that come from outside of the cell.
    """

    name: str
    options: tuple[str, ...]
    kind: DecisionKind
    block: int
    sources: tuple[int, ...] = ()
