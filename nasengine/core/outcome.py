"""Outcome: how the evaluation of a proposal ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from .measurement import Measurement

OutcomeState = Literal["done", "trained", "pruned", "diverged", "failed", "cancelled"]


@dataclass(frozen=True)
class Outcome:
    """The outcome of one proposal; strategies receive outcomes of every state.

    Attributes:
        number: the proposal's number.
        state: "done" (all objectives measured), "trained" (a supernet training step),
            "pruned" (a constraint was violated before training), "diverged" (NaN or infinity),
            "failed" or "cancelled". Only "done" counts for best, front and averages.
        measurements: the measured objectives; a pruned candidate may have its cheap ones.
        reason: why it did not end as done or trained.
        epochs: training epochs.
        findings: a small JSON object with the results of supernet training.
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
        """Return a JSON object; empty findings are left out, as in older releases."""
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
