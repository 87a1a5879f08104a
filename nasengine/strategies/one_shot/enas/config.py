"""The settings of strategy `enas`."""

from __future__ import annotations

from dataclasses import dataclass

from ....core.settings import setting
from ..common.sampled_search import SampledConfig
from .controller_config import ControllerConfig


@dataclass(frozen=True)
class EnasConfig(SampledConfig, ControllerConfig):
    """Settings of strategy `enas`; most defaults are those of the released micro search.

    It was released with 150 epochs, batches of 160, 45,000 of 50,000 images for the weights and
    a learning rate of 0.05 with restarts; the macro search with 310 epochs, batches of 128 and
    50 controller steps of 20 samples.
    """

    weights_portion: float = setting(
        0.8,
        "Share of the training data that trains the weights; the rest gives the rewards.",
        low=0.05,
        high=0.95,
    )
    controller_steps: int = setting(
        30, "Controller steps after each supernet epoch.", low=1, high=10_000
    )
    samples: int = setting(
        10, "Architectures sampled and rewarded per controller step.", low=1, high=1000
    )
    reward_batch: int = setting(
        128,
        "Batch size of a reward: images, or parallel texts.",
        low=2,
        high=65_536,
    )
    controller_learning_rate: float = setting(
        0.0035, "Learning rate of the controller (Adam).", low=0.0
    )
    entropy_weight: float = setting(1e-4, "Weight of the entropy in the reward.", low=0.0)
    baseline_decay: float = setting(
        0.99, "Decay of the reward baseline (exponential moving average).", low=0.0, high=1.0
    )
    skip_weight: float = setting(
        0.8,
        "Weight of the penalty that pulls the share of skip connections to its target.",
        low=0.0,
    )
    controller_clip: float = setting(
        0.0, "Largest norm of the controller's gradients; 0: no clipping.", low=0.0
    )
    reward_scale: float = setting(
        80.0, "Text only: the reward is this number divided by the batch's perplexity.", low=1e-6
    )
