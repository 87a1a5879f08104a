"""Outcome: how the evaluation of a proposal ended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .measurement import Measurement

OUT_OF_MEMORY = "out of memory on "  # start of the reason, followed by the device
OutcomeState = Literal[
    "done", "trained", "paused", "stopped", "pruned", "diverged", "failed", "cancelled"
]


def is_card_too_small(state: str, reason: str) -> bool:
    """Return whether work failed because the memory of a CUDA device was too small for it."""
    return state == "failed" and reason.startswith(f"{OUT_OF_MEMORY}cuda")


@dataclass(frozen=True)
class TrainingProgress:
    """How far a training has come, of a search that trains candidates in parts.

    Attributes:
        reached: Epochs of this training so far; the measured quality is that after them.
        planned: Epochs of the whole training.
        objective: The objective that `curve` holds.
        curve: The value of `objective` that would be reported after each epoch so far.
    """

    reached: int
    planned: int
    objective: str
    curve: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "reached": self.reached,
            "planned": self.planned,
            "objective": self.objective,
            "curve": list(self.curve),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any] | None) -> TrainingProgress | None:
        if not value:
            return None
        return cls(value["reached"], value["planned"], value["objective"], tuple(value["curve"]))


@dataclass(frozen=True)
class Outcome:
    """The outcome of one proposal; strategies receive outcomes of every state.

    Attributes:
        number: the proposal's number.
        state: "done" (all objectives measured), "trained" (a supernet training step), "paused"
            (trained up to `Proposal.until`, all objectives measured), "stopped" (stopped early:
            paused, and never trained to its end; the values are those at the pause),
            "pruned" (a constraint was violated before training), "diverged" (NaN or infinity),
            "failed" or "cancelled". Only "done" counts for best, front and averages.
        measurements: the measured objectives; a pruned candidate may have its cheap ones.
        reason: why it did not end as done or trained.
        epochs: training epochs of one network. An epoch is one pass, forward and backward, of as
            many examples as the search's train part holds. A supernet counts as one network: its
            epoch counts by the share of the train part that its update steps read.
        seconds: duration of the evaluation; None if it was not measured, as of table lookups.
        gpu_seconds: the part of it in which a GPU was used; None if none was.
        joules: energy of the card in this attempt, from its own counter; None without one.
        findings: a small JSON object with the results of supernet training, or the predictions
            of curve extrapolation.
        training: how far the training has come; None if it was not trained in parts.
        awaited: {objective: {"batch", "profile"}} of values that a device agent still has to
            measure.
    """

    number: int
    state: OutcomeState
    measurements: tuple[Measurement, ...] = ()
    reason: str = ""
    epochs: float = 0
    findings: dict[str, Any] = field(default_factory=dict)
    awaited: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Durations differ from machine to machine, so equal outcomes may differ in them.
    seconds: float | None = field(default=None, compare=False)
    gpu_seconds: float | None = field(default=None, compare=False)
    joules: float | None = field(default=None, compare=False)
    training: TrainingProgress | None = None

    @property
    def values(self) -> dict[str, float]:
        """Values by objective name."""
        return {m.objective: m.value for m in self.measurements}

    def checked(self, objectives: Sequence[str]) -> Outcome:
        """Return the outcome with only finite values and the state that they justify.

        A value that is not finite makes the outcome diverged. A done outcome without a value for
        one of the objectives is failed. A missing reason is filled in.
        """
        finite = tuple(m for m in self.measurements if math.isfinite(m.value))
        if len(finite) < len(self.measurements):
            names = (m.objective for m in self.measurements if not math.isfinite(m.value))
            reason = self.reason or f"not finite: {', '.join(names)}"
            return replace(self, state="diverged", measurements=finite, reason=reason)
        if self.state in ("done", "paused"):
            known = {**self.values, **self.awaited}
            missing = [name for name in objectives if name not in known]
            if missing:
                return replace(self, state="failed", reason=f"no value for {', '.join(missing)}")
        elif self.state != "trained" and not self.reason:
            return replace(self, reason=f"ended as {self.state} without a reason")
        return self

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object.

        Empty findings, nothing awaited and durations that were not measured are left out, as in
        older releases.
        """
        findings = {"findings": self.findings} if self.findings else {}
        if self.awaited:
            findings["awaited"] = self.awaited
        durations = {
            "seconds": self.seconds,
            "gpu_seconds": self.gpu_seconds,
            "joules": self.joules,
        }
        return {
            "number": self.number,
            "state": self.state,
            "measurements": [m.to_json() for m in self.measurements],
            "reason": self.reason,
            "epochs": self.epochs,
            **findings,
            **{name: value for name, value in durations.items() if value is not None},
            **({"training": self.training.to_json()} if self.training is not None else {}),
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
            awaited=value.get("awaited", {}),
            seconds=value.get("seconds"),
            gpu_seconds=value.get("gpu_seconds"),
            joules=value.get("joules"),
            training=TrainingProgress.from_json(value.get("training")),
        )
