"""Trial: what a schedule knows about one candidate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..core.outcome import Outcome, TrainingProgress

Status = Literal["running", "paused", "ended"]


@dataclass
class Trial:
    """The parts of one candidate's training.

    Attributes:
        number: The candidate's number.
        status: "running" from the proposal, or from the decision to go on, to the end of the part.
        until: Epochs that the current part trains up to.
        last: The outcome of the newest part; None before the first has ended.
        rungs: The objective values at the end of each part, by the epochs reached.
        told: Whether the strategy has an outcome of it.
        arrived: Position among the trials by the end of their first part; -1 before it.
        predictions: The prediction of curve extrapolation after each part, as JSON.
    """

    number: int
    until: int
    status: Status = "running"
    last: Outcome | None = None
    rungs: dict[int, dict[str, float]] = field(default_factory=dict)
    told: bool = False
    arrived: int = -1
    predictions: list[dict[str, float]] = field(default_factory=list)

    @property
    def training(self) -> TrainingProgress:
        assert self.last is not None and self.last.training is not None
        return self.last.training

    def take(self, outcome: Outcome) -> None:
        """Record the end of a part."""
        self.last = outcome
        self.status = "paused" if outcome.state == "paused" else "ended"
        if outcome.training is not None and outcome.state in ("paused", "done"):
            self.rungs[outcome.training.reached] = outcome.values

    def go_on(self, until: int) -> None:
        """Start the next part."""
        self.until = min(until, self.training.planned)
        self.status = "running"

    def stop(self, reason: str) -> Outcome:
        """End a paused trial and return its outcome."""
        assert self.last is not None
        self.status = "ended"
        return self.with_predictions(replace(self.last, state="stopped", reason=reason))

    def with_predictions(self, outcome: Outcome) -> Outcome:
        """Return an outcome with the predictions in its findings."""
        if not self.predictions:
            return outcome
        findings = {**outcome.findings, "predictions": list(self.predictions)}
        return replace(outcome, findings=findings)

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "until": self.until,
            "status": self.status,
            "last": None if self.last is None else self.last.to_json(),
            "rungs": [[epochs, values] for epochs, values in self.rungs.items()],
            "told": self.told,
            "arrived": self.arrived,
            "predictions": self.predictions,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Trial:
        return cls(
            value["number"],
            value["until"],
            value["status"],
            None if value["last"] is None else Outcome.from_json(value["last"]),
            {epochs: values for epochs, values in value["rungs"]},
            value["told"],
            value["arrived"],
            value["predictions"],
        )
