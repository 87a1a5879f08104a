"""The progress of a one-shot search, and the architectures it has derived."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ....core.architecture import Architecture


@dataclass(frozen=True)
class Derived:
    """An architecture to retrain from scratch; `shared` is its error with supernet weights."""

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
    """The progress of one search.

    Attributes:
        index: which of the run's searches this is.
        epoch: epochs trained so far.
        trained: numbers of the last two proposals that left a checkpoint.
        attempts: failed attempts at the present proposal.
        phase: `epoch`, then `derive`, `proof` (retraining from scratch), `rival` (training the
            LSTM baseline, in recurrent spaces only), `over`.
    """

    index: int = 0
    epoch: int = 0
    trained: list[int] = field(default_factory=list)
    attempts: int = 0
    phase: str = "epoch"

    def to_json(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "epoch": self.epoch,
            "trained": list(self.trained),
            "tries": self.attempts,
            "phase": self.phase,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Progress:
        return cls(
            value["index"], value["epoch"], list(value["trained"]), value["tries"], value["phase"]
        )
