"""A stage of DPP-Net: what was planned, predicted and measured in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.architecture import Architecture
from ...core.objective import Goal
from .ranks import rank_correlation

DIGITS = 5


@dataclass(frozen=True)
class Planned:
    """A child that waits to be asked for; `values` are its predictions, one an objective."""

    architecture: Architecture
    parent: int | None
    origin: str
    values: tuple[float, ...] = ()

    def predicted(self, values: Sequence[float]) -> Planned:
        """The same with predictions, rounded for the page."""
        rounded = tuple(float(f"{value:.{DIGITS}g}") for value in values)
        return dataclasses.replace(self, values=rounded)

    def to_json(self) -> list[Any]:
        return [self.architecture.to_json(), self.parent, self.origin, list(self.values)]

    @classmethod
    def from_json(cls, value: list[Any]) -> Planned:
        architecture, parent, origin, values = value
        return cls(Architecture.from_json(architecture), parent, origin, tuple(values))


@dataclass
class Stage:
    """One stage: how its candidates came about, and prediction beside measurement.

    `pairs` maps a candidate's number to [predicted, measured], each one number an objective or
    null. A stage that is past keeps its summary alone.
    """

    how: str
    children: int = 0
    loss: float | None = None
    pairs: dict[int, list[Any]] = field(default_factory=dict)
    summary: dict[str, Any] | None = None

    def expect(self, number: int, values: Sequence[float]) -> None:
        """A candidate of this stage was asked for."""
        self.pairs[number] = [list(values) or None, None]

    def measure(self, number: int, values: Sequence[float]) -> None:
        """A candidate was measured; one of another stage changes nothing."""
        if number in self.pairs:
            self.pairs[number][1] = [float(f"{value:.{DIGITS}g}") for value in values]

    def shown(self, goals: Sequence[Goal]) -> dict[str, Any]:
        """For the page: how, children, loss, asked, measured, rank correlation per objective.

        `pairs` are [number, predicted, measured] of the latest stages, [] of older ones.
        """
        if self.summary is None or self.pairs:
            both = [pair for pair in self.pairs.values() if pair[0] and pair[1]]
            told = np.array([pair[0] for pair in both]), np.array([pair[1] for pair in both])
            self.summary = {
                "how": self.how,
                "children": self.children,
                "loss": self.loss,
                "asked": len(self.pairs),
                "measured": sum(pair[1] is not None for pair in self.pairs.values()),
                "correlation": {
                    goal.name: _rounded(rank_correlation(*(side[:, i] for side in told)))
                    for i, goal in enumerate(goals)
                    if both
                },
            }
        return {**self.summary, "pairs": [[n, *pair] for n, pair in self.pairs.items()]}

    def forget(self) -> None:
        """Lets the pairs of a stage go whose summary was taken."""
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
        pairs = {number: [predicted, measured] for number, predicted, measured in value["pairs"]}
        return cls(value["how"], value["children"], value["loss"], pairs, value["summary"])


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
