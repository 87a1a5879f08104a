"""Whether the best recurrent cell of a search is better than an LSTM of as many parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ....core.architecture import Architecture
from ....core.proposal import Proposal
from ....core.strategy import Task

DIGITS = 5


class LSTMBaseline:
    """The best cell trained alone so far, and what its rival came to; of text alone."""

    def __init__(self, task: Task):
        self._goal = task.goals[0]
        self.wanted = task.space.data_kind == "text"
        self.best: Architecture | None = None
        self._number: int | None = None
        self._value: float | None = None
        self._rival: dict[str, Any] | None = None

    def add(self, proposal: Proposal, values: Mapping[str, float]) -> None:
        """A cell was trained alone; of equals the first stays."""
        value = values.get(self._goal.name)
        if not self.wanted or value is None or not math.isfinite(value):
            return
        sign = 1 if self._goal.better == "lower" else -1
        if self._value is None or sign * value < sign * self._value:
            self.best = proposal.architecture
            self._number, self._value = proposal.number, float(f"{value:.{DIGITS}g}")

    def take(self, findings: Mapping[str, Any]) -> None:
        """What the rival came to.

        Raises:
            KeyError, TypeError, ValueError: the findings are not those of a rival.
        """
        value = float(findings["values"][self._goal.name])
        if not math.isfinite(value):
            raise ValueError(f"{self._goal.name} is {value}")
        self._rival = {
            "network": str(findings["network"]),
            "parameters": int(findings["parameters"]),
            "value": float(f"{value:.{DIGITS}g}"),
        }

    def view(self) -> dict[str, Any] | None:
        """{"network", "parameters", "value", "number", "cell"}: its value, and the cell's."""
        if self._rival is None:
            return None
        return {**self._rival, "number": self._number, "cell": self._value}

    def to_json(self) -> dict[str, Any]:
        best = self.best.to_json() if self.best else None
        return {"best": best, "number": self._number, "value": self._value, "rival": self._rival}

    @classmethod
    def from_json(cls, task: Task, value: dict[str, Any]) -> LSTMBaseline:
        made = cls(task)
        made.best = Architecture.from_json(value["best"]) if value["best"] else None
        made._number, made._value = value["number"], value["value"]
        made._rival = value["rival"]
        return made
