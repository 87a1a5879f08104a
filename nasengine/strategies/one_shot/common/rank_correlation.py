"""Whether shared weights rank architectures as training them alone does: Kendall's tau.

Weight sharing rests on it, and it is often weak (1902.08142), so every such search shows it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ....core.objective import Goal
from ....core.proposal import Proposal

MIN_COUNT = 3
LATEST = 200
DIGITS = 5


class RankCorrelation:
    """Pairs of the shared error and the first objective of networks trained alone."""

    def __init__(self, goal: Goal, pairs: list[list[Any]] | None = None):
        self._goal = goal
        self._pairs = pairs or []

    def add(self, proposal: Proposal, values: Mapping[str, float]) -> None:
        """A network trained alone has ended; one without a shared error is kept all the same."""
        value = values.get(self._goal.name)
        if value is None or not math.isfinite(value):
            return
        shared = proposal.note.get("shared")
        rounded = float(f"{value:.{DIGITS}g}")
        self._pairs = [*self._pairs, [proposal.number, proposal.origin, shared, rounded]][-LATEST:]

    @property
    def tau(self) -> float | None:
        """Kendall's tau-b; None for fewer than three pairs, or where one side is all equal."""
        known = [pair for pair in self._pairs if pair[2] is not None]
        if len(known) < MIN_COUNT:
            return None
        from scipy.stats import kendalltau

        # A higher value may be the better one: errors fall where it rises.
        sign = 1 if self._goal.better == "lower" else -1
        found = kendalltau([pair[2] for pair in known], [sign * pair[3] for pair in known])
        tau = float(found.statistic)
        return round(tau, 3) if math.isfinite(tau) else None

    def view(self) -> dict[str, Any]:
        """`alone` are [number, origin, shared error, value of the first objective]."""
        return {"alone": self._pairs, "tau": self.tau, "goal": self._goal.name}

    def to_json(self) -> list[list[Any]]:
        return [list(pair) for pair in self._pairs]

    @classmethod
    def from_json(cls, goal: Goal, value: list[list[Any]]) -> RankCorrelation:
        return cls(goal, [list(pair) for pair in value])
