"""Proposal: what a strategy asks to have evaluated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .architecture import Architecture


@dataclass(frozen=True)
class Proposal:
    """One numbered request of a strategy.

    Numbers count from 0 in the order of asking. `parents` are numbers of earlier
    proposals; `origin` says how it came about ("random", "mutation", "crossover", ...);
    `note` is a small JSON object a strategy may attach for the page.
    """

    number: int
    architecture: Architecture
    parents: tuple[int, ...] = ()
    origin: str = "random"
    note: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "architecture": self.architecture.to_json(),
            "parents": list(self.parents),
            "origin": self.origin,
            "note": self.note,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Proposal:
        return cls(
            number=value["number"],
            architecture=Architecture.from_json(value["architecture"]),
            parents=tuple(value["parents"]),
            origin=value["origin"],
            note=value["note"],
        )
