"""A stage of DPP-Net: its planned candidates, their predictions and measurements."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.architecture import Architecture
from ...core.arithmetic import round_significant
from ...core.objective import Goal
from .ranks import rank_correlation


@dataclass(frozen=True)
class Planned:
    """A candidate in the queue of its stage; `values` are predictions, one per objective."""

    architecture: Architecture
    parent: int | None
    origin: str
    values: tuple[float, ...] = ()

    def predicted(self, values: Sequence[float]) -> Planned:
        """Return a copy with these predictions, rounded."""
        rounded = tuple(round_significant(value) for value in values)
        return dataclasses.replace(self, values=rounded)

    def to_json(self) -> list[Any]:
        return [self.architecture.to_json(), self.parent, self.origin, list(self.values)]

    @classmethod
    def from_json(cls, value: list[Any]) -> Planned:
        architecture, parent, origin, values = value
        return cls(Architecture.from_json(architecture), parent, origin, tuple(map(float, values)))


@dataclass
class Stage:
    """One stage: the source of its candidates, and their predicted and measured values.

    Attributes:
        how: "first", "growth", "mutation" or "random".
        children: children that were predicted.
        loss: training loss of the surrogate, None in a stage without one.
        pairs: candidate number -> [predicted, measured], each one number per objective or None.
        summary: the last summary; an older stage keeps only this and drops its pairs.
    """

    how: str
    children: int = 0
    loss: float | None = None
    pairs: dict[int, list[Any]] = field(default_factory=dict)
    summary: dict[str, Any] | None = None

    def expect(self, number: int, values: Sequence[float]) -> None:
        """Add a candidate of this stage with its predictions."""
        self.pairs[number] = [list(values) or None, None]

    def measure(self, number: int, values: Sequence[float]) -> None:
        """Store the measured values of a candidate; ignore one of another stage."""
        if number in self.pairs:
            self.pairs[number][1] = [round_significant(value) for value in values]

    def shown(self, goals: Sequence[Goal]) -> dict[str, Any]:
        """Return the summary and the pairs for the page.

        The summary has how, children, loss, asked, measured and the rank correlation of each
        objective. `pairs` are [number, predicted, measured]; [] in an older stage.
        """
        if self.summary is None or self.pairs:
            complete = [pair for pair in self.pairs.values() if pair[0] and pair[1]]
            predicted = np.array([pair[0] for pair in complete])
            measured = np.array([pair[1] for pair in complete])
            self.summary = {
                "how": self.how,
                "children": self.children,
                "loss": self.loss,
                "asked": len(self.pairs),
                "measured": sum(pair[1] is not None for pair in self.pairs.values()),
                "correlation": {
                    goal.name: _rounded(rank_correlation(predicted[:, i], measured[:, i]))
                    for i, goal in enumerate(goals)
                    if complete
                },
            }
        return {**self.summary, "pairs": [[n, *pair] for n, pair in self.pairs.items()]}

    def drop_pairs(self) -> None:
        """Drop the pairs if there is a summary of them."""
        if self.summary is not None:
            self.pairs = {}

    def to_json(self) -> dict[str, Any]:
        return {
            "how": self.how,
            "children": self.children,
            "loss": self.loss,
            "pairs": [[number, *pair] for number, pair in self.pairs.items()],
            "summary": self.summary,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Stage:
        pairs = {number: [*map(_floats, both)] for number, *both in value["pairs"]}
        return cls(value["how"], value["children"], value["loss"], pairs, value["summary"])


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _floats(values: list[float] | None) -> list[float] | None:
    """Return stored numbers, of which a database may have made huge whole ones."""
    return values and [float(value) for value in values]
