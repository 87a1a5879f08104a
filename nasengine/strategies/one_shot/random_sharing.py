"""Strategy `random-sharing`: random search with weight sharing, what every such method must beat.

Li & Talwalkar (1902.07638). The shared network is trained with one uniformly drawn architecture
in each step; then many are drawn, scored with shared weights, and the best trained alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...core.settings import setting
from .common.sampled_search import SampledConfig, SampledSearch


@dataclass(frozen=True)
class RandomSharingConfig(SampledConfig):
    """How the baseline trains and draws."""

    weights_portion: float = setting(
        1.0, "Part of the training data that is used; nothing else is learned.", low=0.05, high=1.0
    )
    sampled: int = setting(
        200,
        "Architectures drawn in the end and scored with shared weights; the paper takes thousands.",
        low=1,
        high=100_000,
    )
    watched: int = setting(
        8, "Random architectures scored after each epoch, to see it learn.", low=0, high=1000
    )


class RandomSharing(SampledSearch):
    """Learns nothing about architectures but their scores at the end."""

    name = "random-sharing"
    Config = RandomSharingConfig
    config: RandomSharingConfig

    def _learn(self, epoch: int, findings: dict[str, Any]) -> None:
        row = {"epoch": epoch, **self._numbers(findings)}
        if children := [float(one) for one in findings.get("children", [])]:
            row["children_mean"] = round(sum(children) / len(children), 4)
            row["children_best"] = min(children)
        self._course.append(row)
