"""Proposal: what a strategy asks to have evaluated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from .architecture import Architecture

ProposalTask = Literal["evaluate", "share"]


@dataclass(frozen=True)
class Proposal:
    """One numbered request of a strategy.

    Numbers count from 0 in the order of asking. `parents` are numbers of earlier
    proposals; `origin` says how it came about ("random", "mutation", "crossover", ...);
    `note` is a small JSON object a strategy may attach for the page.

    `task` says what is to be done. "evaluate": measure this architecture by the objectives.
    "share": train the shared network of a space, which is the architecture then, as `note`
    says; the strategy's trainer does it (see `core.trainer`).
    """

    number: int
    architecture: Architecture
    parents: tuple[int, ...] = ()
    origin: str = "random"
    note: dict[str, Any] = field(default_factory=dict)
    task: ProposalTask = "evaluate"

    def to_json(self) -> dict[str, Any]:
        """As a JSON object; the usual task is not written, as before there were two."""
        task = {} if self.task == "evaluate" else {"task": self.task}
        return {
            "number": self.number,
            "architecture": self.architecture.to_json(),
            "parents": list(self.parents),
            "origin": self.origin,
            "note": self.note,
            **task,
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
        )
