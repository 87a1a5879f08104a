"""Outcome: how the evaluation of a proposal ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .measurement import Measurement

OutcomeState = Literal["done", "pruned", "diverged", "failed", "cancelled"]


@dataclass(frozen=True)
class Outcome:
    """The ending of one proposal; strategies are told every kind.

    Only a `done` outcome counts for best, front and averages. A `pruned` one may carry
    the cheap measurements that were taken before it was given up. Every state but `done`
    says why in `reason`.
    """

    number: int
    state: OutcomeState
    measurements: tuple[Measurement, ...] = ()
    reason: str = ""
    epochs: int = 0

    @property
    def values(self) -> dict[str, float]:
        """Objective name -> value."""
        return {m.objective: m.value for m in self.measurements}

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "state": self.state,
            "measurements": [m.to_json() for m in self.measurements],
            "reason": self.reason,
            "epochs": self.epochs,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Outcome:
        return cls(
            number=value["number"],
            state=value["state"],
            measurements=tuple(Measurement.from_json(m) for m in value["measurements"]),
            reason=value["reason"],
            epochs=value.get("epochs", 0),
        )
