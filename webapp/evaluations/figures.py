"""Figures of an evaluation: mean and spread over its seeds."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from .models import Training

TEST = "test_"


@dataclass(frozen=True)
class Figure:
    """One measured quantity over the seeds that are done.

    Attributes:
        spread: sample standard deviation; None for a single seed.
        values: seed -> value.
    """

    objective: str
    unit: str
    mean: float
    spread: float | None
    values: dict[int, float]

    @property
    def is_test(self) -> bool:
        """Whether it was measured on the test part."""
        return is_test(self.objective)

    @property
    def count(self) -> int:
        """The number of seeds."""
        return len(self.values)

    @property
    def best(self) -> float:
        """The lowest value; all test figures are better if they are lower."""
        return min(self.values.values())

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return asdict(self) | {"values": {str(k): v for k, v in self.values.items()}}


def is_test(objective: str) -> bool:
    """Whether an objective is measured on the test part, as "test_error"."""
    return objective.startswith(TEST)


def figures_of(trainings: Iterable[Training]) -> list[Figure]:
    """Return the figures of the trainings that are done, test figures first."""
    values: dict[str, dict[int, float]] = {}
    units: dict[str, str] = {}
    for training in trainings:
        if training.state == "done":
            for measurement in training.measurements:
                name = measurement["objective"]
                values.setdefault(name, {})[training.seed] = measurement["value"]
                units[name] = measurement.get("unit", "")
    figures = [_figure(name, units[name], by_seed) for name, by_seed in values.items()]
    return sorted(figures, key=lambda figure: not figure.is_test)


def main_figure(figures: list[Figure]) -> Figure | None:
    """Return the figure that evaluations of one protocol are ranked by; None if there is none."""
    return next((figure for figure in figures if figure.is_test), None)


def _figure(name: str, unit: str, values: dict[int, float]) -> Figure:
    numbers = list(values.values())
    spread = statistics.stdev(numbers) if len(numbers) > 1 else None
    return Figure(name, unit, statistics.fmean(numbers), spread, values)
