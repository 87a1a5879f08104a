"""How far a search with shared weights is, and what it has derived."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ....core.architecture import Architecture


@dataclass(frozen=True)
class Derived:
    """An architecture that shall be trained alone; `shared` is its error with shared weights."""

    architecture: Architecture
    origin: str
    shared: float | None = None

    def to_json(self) -> list[Any]:
        return [self.architecture.to_json(), self.origin, self.shared]

    @classmethod
    def from_json(cls, value: list[Any]) -> Derived:
        return cls(Architecture.from_json(value[0]), value[1], value[2])


@dataclass
class Progress:
    """How far one search is: epochs trained, numbers of the last two checkpoints, phase."""

    index: int = 0
    epoch: int = 0
    trained: list[int] = field(default_factory=list)
    tries: int = 0
    phase: str = "epoch"  # then "derive", "proof", of text "rival", then "over"

    def to_json(self) -> dict[str, Any]:
        return dict(self.__dict__, trained=list(self.trained))
