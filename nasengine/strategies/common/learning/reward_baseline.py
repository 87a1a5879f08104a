"""The reward baseline of the policy-gradient strategies."""

from __future__ import annotations

from typing import Any

MAX_ADVANTAGE = 3.0
MIN_SPREAD = 1e-4
FIRST_VARIANCE = 0.01


class RewardBaseline:
    """Exponential moving averages of the rewards and of their variance.

    The advantage of a reward is its distance from the average, in units of the standard
    deviation and clipped to -3 .. 3, so that one learning rate suits rewards of any scale.
    Subtracting the average lowers the variance of the gradient; dividing by the deviation
    keeps small differences between good candidates from vanishing.

    `worst` is the lowest reward so far: strategies use it for candidates that ended badly.
    """

    def __init__(self, decay: float):
        self._decay = decay
        self.mean = 0.0
        self.variance = FIRST_VARIANCE
        self.worst: float | None = None

    def advantage(self, reward: float) -> float:
        """Return the advantage of a reward, within -3 .. 3, and update the averages with it."""
        if self.worst is None:
            self.mean = self.worst = reward
        self.worst = min(self.worst, reward)
        excess = reward - self.mean
        self.mean += (1 - self._decay) * excess
        self.variance += (1 - self._decay) * (excess**2 - self.variance)
        scaled = excess / (self.variance**0.5 + MIN_SPREAD)
        return max(-MAX_ADVANTAGE, min(MAX_ADVANTAGE, scaled))

    def state_dict(self) -> dict[str, Any]:
        return {"mean": self.mean, "variance": self.variance, "worst": self.worst}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.mean, self.variance = float(state["mean"]), float(state["variance"])
        self.worst = None if state["worst"] is None else float(state["worst"])
