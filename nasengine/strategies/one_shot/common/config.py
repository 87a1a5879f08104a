"""Settings of every one-shot search: how the supernet is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ....core.dataset import DataKind
from ....core.settings import setting

# Defaults by kind of data, from DARTS (1806.09055), which searches both.
DEFAULTS: dict[DataKind, dict[str, float]] = {
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
class SupernetConfig:
    """How a supernet is trained; an empty setting takes the default for the kind of data."""

    epochs: int = setting(25, "Training epochs of the supernet.", low=1, high=1000)
    weights_portion: float = setting(
        0.5,
        "Share of the training data that trains the weights; the rest trains the architecture.",
        low=0.05,
        high=1.0,
    )
    searches: int = setting(
        1,
        "Searches in sequence, each with its own seed, while the candidates last; the papers "
        "select the best of 4.",
        low=1,
        high=1000,
    )
    batch_size: int | None = setting(
        None, "Batch size: images, or parallel texts. Default: 64.", low=2, high=65_536
    )
    learning_rate: float | None = setting(
        None,
        "First learning rate of the weights. Default: 0.025 (images), 20 (text).",
        low=0.0,
    )
    final_learning_rate: float | None = setting(
        None,
        "Final learning rate of the cosine schedule. Default: 0.001 (images), constant (text).",
        low=0.0,
    )
    momentum: float | None = setting(
        None, "Momentum of the weights. Default: 0.9 (images), 0 (text).", low=0.0, high=0.999
    )
    weight_decay: float | None = setting(
        None, "Weight decay on the weights. Default: 3e-4 (images), 5e-7 (text).", low=0.0
    )
    gradient_clip: float | None = setting(
        None,
        "Largest norm of the weights' gradients; 0: no clipping. Default: 5 (images), 0.25 (text).",
        low=0.0,
    )
    bptt: int = setting(35, "Words per training step (text only).", low=2, high=1000, unit="words")

    def resolve(self, name: str, kind: DataKind) -> float:
        """Return a setting, or its default for the kind of data if it is empty."""
        value: Any = getattr(self, name)
        return DEFAULTS[kind][name] if value is None else value
