"""Settings that every search with shared weights has: how the shared network is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ....core.dataset import DataKind
from ....core.settings import setting

# What is usual for weights, by what they learn from; of DARTS (1806.09055), which has both.
USUAL: dict[DataKind, dict[str, float]] = {
    "images": {
        "batch_size": 64,
        "learning_rate": 0.025,
        "final_learning_rate": 0.001,
        "momentum": 0.9,
        "weight_decay": 3e-4,
        "gradient_clip": 5.0,
    },
    "text": {
        "batch_size": 64,
        "learning_rate": 20.0,
        "final_learning_rate": 20.0,
        "momentum": 0.0,
        "weight_decay": 5e-7,
        "gradient_clip": 0.25,
    },
}


@dataclass(frozen=True)
class SharingConfig:
    """How the weights of a shared network are trained; empty settings are what is usual."""

    epochs: int = setting(
        25, "Passes over the weights' part of the training data.", low=1, high=1000
    )
    weights_portion: float = setting(
        0.5,
        "Part of the training data that trains weights; the rest teaches the architecture.",
        low=0.05,
        high=1.0,
    )
    searches: int = setting(
        1,
        "Searches one after the other, each with a seed of its own, as long as the budget lasts; "
        "the papers choose among 4.",
        low=1,
        high=1000,
    )
    batch_size: int | None = setting(
        None, "Images, or parallel texts, in one step; empty: 64.", low=2, high=65_536
    )
    learning_rate: float | None = setting(
        None, "Peak rate of the weights; empty: 0.025 of images, 20 of text.", low=0.0
    )
    final_learning_rate: float | None = setting(
        None, "Where its cosine ends; empty: 0.001 of images, of text it stays.", low=0.0
    )
    momentum: float | None = setting(
        None, "Of the weights; empty: 0.9 of images, none of text.", low=0.0, high=0.999
    )
    weight_decay: float | None = setting(
        None, "Pull of the weights towards 0; empty: 3e-4 of images, 5e-7 of text.", low=0.0
    )
    gradient_clip: float | None = setting(
        None,
        "Longest norm of the weights' gradients; 0: unlimited; empty: 5 of images, 0.25 of text.",
        low=0.0,
    )
    bptt: int = setting(35, "Words in one step (text).", low=2, high=1000, unit="words")

    def usual(self, name: str, kind: DataKind) -> float:
        """A setting, or what is usual for such data where it is empty."""
        value: Any = getattr(self, name)
        return USUAL[kind][name] if value is None else value
