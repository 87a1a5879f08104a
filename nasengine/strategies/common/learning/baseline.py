"""What a reward is compared with before it teaches."""

from __future__ import annotations

from typing import Any

MAX_VALUE = 3.0
MIN_SPREAD = 1e-4
FIRST_VARIANCE = 0.01


class Baseline:
    """A moving average of rewards and of their variance.

    The advantage is the distance from the average in units of the spread, at most 3 of
    them, so that the same learning rate suits rewards of any size. Without the average the
    gradient's variance would drown it; without the spread small differences between good
    candidates would teach nothing.
    """

    def __init__(self, keep: float):
        self._keep = keep
        self.mean = 0.0
        self.variance = FIRST_VARIANCE
        self.worst: float | None = None

    def advantage(self, reward: float) -> float:
        """Takes a reward; how much better than usual it is, within -3 .. 3."""
        if self.worst is None:
            self.mean = self.worst = reward
        self.worst = min(self.worst, reward)
        above = reward - self.mean
        self.mean += (1 - self._keep) * above
        self.variance += (1 - self._keep) * (above**2 - self.variance)
        return max(-MAX_VALUE, min(MAX_VALUE, above / (self.variance**0.5 + MIN_SPREAD)))

    def state_dict(self) -> dict[str, Any]:
        return {"mean": self.mean, "variance": self.variance, "worst": self.worst}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.mean, self.variance = state["mean"], state["variance"]
        self.worst = state["worst"]
