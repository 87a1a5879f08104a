"""Rank correlation of supernet errors and stand-alone errors: Kendall's tau.

Weight sharing relies on it, and it is often low (1902.08142), so every one-shot search shows it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ....core.arithmetic import round_significant
from ....core.objective import Goal
from ....core.proposal import Proposal
from ...common.recent import append_recent

MIN_PAIRS = 3


class RankCorrelation:
    """Pairs of supernet error and first objective after stand-alone training."""

    def __init__(self, goal: Goal, pairs: list[list[Any]] | None = None):
        self._goal = goal
        self._pairs = pairs or []

    def add(self, proposal: Proposal, values: Mapping[str, float]) -> None:
        """Add a retrained network; one without a supernet error is shown but not correlated."""
        value = values.get(self._goal.name)
        if value is None or not math.isfinite(value):
            return
        pair = [
            proposal.number,
            proposal.origin,
            proposal.note.get("shared"),
            round_significant(value),
        ]
        self._pairs = append_recent(self._pairs, pair)

    @property
    def tau(self) -> float | None:
        """Kendall's tau-b; None for fewer than three pairs or if one side has equal values."""
        pairs = [pair for pair in self._pairs if pair[2] is not None]
        if len(pairs) < MIN_PAIRS:
            return None
        from scipy.stats import kendalltau

        # Errors are better when lower: the sign turns the objective the same way.
        sign = 1 if self._goal.better == "lower" else -1
        result = kendalltau([pair[2] for pair in pairs], [sign * pair[3] for pair in pairs])
        tau = float(result.statistic)
        return round(tau, 3) if math.isfinite(tau) else None

    def view(self) -> dict[str, Any]:
        """Return the pairs (`alone`), tau and the objective's name.

        A pair is [number, origin, supernet error, value of the first objective].
        """
        return {"alone": self._pairs, "tau": self.tau, "goal": self._goal.name}

    def to_json(self) -> list[list[Any]]:
        return [list(pair) for pair in self._pairs]

    @classmethod
    def from_json(cls, goal: Goal, value: list[list[Any]]) -> RankCorrelation:
        return cls(goal, [list(pair) for pair in value])
