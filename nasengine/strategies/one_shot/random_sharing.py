"""Strategy `random-sharing`: random search with weight sharing, the baseline of one-shot methods.

Li and Talwalkar (1902.07638). Each step trains the supernet with one uniformly sampled
architecture; then many architectures are sampled and scored with the supernet, and the best are
retrained from scratch.

The paper trains the supernet for 150 to 300 epochs, clips gradients at 1 and scores thousands of
samples: `epochs`, `gradient_clip` and `sampled` are settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...core.settings import setting
from .common.sampled_search import SampledConfig, SampledSearch


@dataclass(frozen=True)
class RandomSharingConfig(SampledConfig):
    """Settings of strategy `random-sharing`."""

    weights_portion: float = setting(
        1.0,
        "Share of the training data that is used; no architecture parameters are trained.",
        low=0.05,
        high=1.0,
    )
    sampled: int = setting(
        200,
        "Architectures sampled at the end and scored with the supernet (thousands in the paper).",
        low=1,
        high=100_000,
    )
    watched: int = setting(
        8,
        "Random architectures scored after each epoch, to show the supernet's progress.",
        low=0,
        high=1000,
    )


class RandomSharing(SampledSearch):
    """Random search with weight sharing: the best of many samples by supernet error."""

    name = "random-sharing"
    Config = RandomSharingConfig
    config: RandomSharingConfig

    def _learn(self, epoch: int, findings: dict[str, Any]) -> None:
        row = {"epoch": epoch, **self._finite_numbers(findings)}
        if errors := [float(error) for error in findings.get("children", [])]:
            row["children_mean"] = round(sum(errors) / len(errors), 4)
            row["children_best"] = min(errors)
        self._history.append(row)
