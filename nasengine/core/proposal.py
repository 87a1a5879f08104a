"""Proposal: a numbered request of a strategy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from .architecture import Architecture

ProposalTask = Literal["evaluate", "share"]


@dataclass(frozen=True)
class Proposal:
    """A request to evaluate an architecture, or to train a supernet.

    Attributes:
        number: counts from 0 in the order of asking.
        architecture: the candidate, or the supernet of the space.
        parents: numbers of earlier proposals.
        origin: how the architecture was created ("random", "mutation", "crossover", ...).
        note: a small JSON object from the strategy, for estimators, trainers and pages.
        until: Epochs after which the training pauses, so that a schedule can decide whether it goes
            on; None: it is trained to its end.
        screen: The filter by a proxy that the evaluation applies before training, see
            `nasengine.screening`; empty: none.
        task: "evaluate" measures the objectives of the architecture. "share" trains the supernet
            as `note` describes; the strategy's trainer does it (see `core.trainer`).
    """

    number: int
    architecture: Architecture
    parents: tuple[int, ...] = ()
    origin: str = "random"
    note: dict[str, Any] = field(default_factory=dict)
    task: ProposalTask = "evaluate"
    until: int | None = None
    screen: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object.

        "task" is left out for "evaluate", "until" if it is None and "screen" if it is empty, as in
        older releases.
        """
        task = {} if self.task == "evaluate" else {"task": self.task}
        until: dict[str, Any] = {} if self.until is None else {"until": self.until}
        if self.screen:
            until["screen"] = self.screen
        return {
            "number": self.number,
            "architecture": self.architecture.to_json(),
            "parents": list(self.parents),
            "origin": self.origin,
            "note": self.note,
            **task,
            **until,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Proposal:
        return cls(
            number=value["number"],
            architecture=Architecture.from_json(value["architecture"]),
            parents=tuple(value["parents"]),
            origin=value["origin"],
            note=value["note"],
            task=value.get("task", "evaluate"),
            until=value.get("until"),
            screen=value.get("screen", {}),
        )
