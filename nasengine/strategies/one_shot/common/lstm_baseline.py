"""Comparison of a search's best recurrent cell with an LSTM of as many parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ....core.architecture import Architecture
from ....core.arithmetic import round_significant
from ....core.proposal import Proposal
from ....core.strategy import Task


class LSTMBaseline:
    """The best retrained cell so far, and the LSTM's result.

    Attributes:
        wanted: whether a baseline is trained: for text only.
        best: the best retrained cell.
    """

    def __init__(self, task: Task):
        self._goal = task.goals[0]
        self.wanted = task.space.data_kind == "text"
        self.best: Architecture | None = None
        self._number: int | None = None
        self._value: float | None = None
        self._result: dict[str, Any] | None = None

    def add(self, proposal: Proposal, values: Mapping[str, float]) -> None:
        """Compare a retrained cell with the best so far; of equals the first stays."""
        value = values.get(self._goal.name)
        if not self.wanted or value is None or not math.isfinite(value):
            return
        sign = 1 if self._goal.better == "lower" else -1
        if self._value is None or sign * value < sign * self._value:
            self.best = proposal.architecture
            self._number, self._value = proposal.number, round_significant(value)

    def record(self, findings: Mapping[str, Any]) -> None:
        """Record the LSTM's result.

        Raises:
            KeyError, TypeError, ValueError: the findings are not those of an LSTM baseline.
        """
        value = float(findings["values"][self._goal.name])
        if not math.isfinite(value):
            raise ValueError(f"{self._goal.name} is {value}")
        self._result = {
            "network": str(findings["network"]),
            "parameters": int(findings["parameters"]),
            "value": round_significant(value),
        }

    def view(self) -> dict[str, Any] | None:
        """Return {"network", "parameters", "value", "number", "cell"}: the LSTM's value, and
        the number and value of the best cell; None before the LSTM was trained."""
        if self._result is None:
            return None
        return {**self._result, "number": self._number, "cell": self._value}

    def to_json(self) -> dict[str, Any]:
        best = self.best.to_json() if self.best else None
        return {"best": best, "number": self._number, "value": self._value, "rival": self._result}

    @classmethod
    def from_json(cls, task: Task, value: dict[str, Any]) -> LSTMBaseline:
        baseline = cls(task)
        baseline.best = Architecture.from_json(value["best"]) if value["best"] else None
        baseline._number, baseline._value = value["number"], value["value"]
        baseline._result = value["rival"]
        return baseline
