"""Outcome: how the evaluation of a proposal ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from .measurement import Measurement

OutcomeState = Literal["done", "trained", "pruned", "diverged", "failed", "cancelled"]


@dataclass(frozen=True)
class Outcome:
    """The ending of one proposal; strategies are told every kind.

    Only a `done` outcome counts for best, front and averages. A `pruned` one may carry
    the cheap measurements that were taken before it was given up. A `trained` one is that of
    a shared network, not of an architecture; what was found stands in `findings`, a small
    JSON object. Every state but `done` and `trained` says why in `reason`.
    """

    number: int
    state: OutcomeState
    measurements: tuple[Measurement, ...] = ()
    reason: str = ""
    epochs: int = 0
    findings: dict[str, Any] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, float]:
        """Objective name -> value."""
        return {m.objective: m.value for m in self.measurements}

    def to_json(self) -> dict[str, Any]:
        """As a JSON object; findings are written where there are any."""
        findings = {"findings": self.findings} if self.findings else {}
        return {
            "number": self.number,
            "state": self.state,
            "measurements": [m.to_json() for m in self.measurements],
            "reason": self.reason,
            "epochs": self.epochs,
            **findings,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Outcome:
        return cls(
            number=value["number"],
            state=value["state"],
            measurements=tuple(Measurement.from_json(m) for m in value["measurements"]),
            reason=value["reason"],
            epochs=value.get("epochs", 0),
            findings=value.get("findings", {}),
        )
