"""The settings of strategy `enas`."""

from __future__ import annotations

from dataclasses import dataclass

from ....core.settings import setting
from ..common.sampled_search import SampledConfig
from .controller_config import ControllerConfig


@dataclass(frozen=True)
class EnasConfig(SampledConfig, ControllerConfig):
    """How ENAS searches; the defaults are those of the released micro search where it had some.

    It was released with 150 epochs, batches of 160, 45,000 of 50,000 images for the weights and a
    learning rate of 0.05 that restarts; the macro search with 310, 128 and 50 steps of 20 samples.
    """

    weights_portion: float = setting(
        0.8, "Part of the training data for the weights; the rest rewards.", low=0.05, high=0.95
    )
    controller_steps: int = setting(
        30, "Steps of the controller after each epoch of the weights.", low=1, high=10_000
    )
    samples: int = setting(10, "Architectures rewarded in a step.", low=1, high=1000)
    reward_batch: int = setting(
        128, "Images, or parallel texts, that reward the samples of a step.", low=2, high=65_536
    )
    controller_learning_rate: float = setting(0.0035, "Adam's rate of the controller.", low=0.0)
    entropy_weight: float = setting(1e-4, "Weight of the entropy within the reward.", low=0.0)
    baseline_decay: float = setting(
        0.99, "What a step leaves of the moving average of rewards.", low=0.0, high=1.0
    )
    skip_weight: float = setting(0.8, "Weight of the pull of skips to their target.", low=0.0)
    controller_clip: float = setting(
        0.0, "Longest norm of the controller's gradients; 0: unlimited.", low=0.0
    )
    reward_scale: float = setting(
        80.0, "Of text a reward is this over the perplexity of a batch.", low=1e-6
    )
