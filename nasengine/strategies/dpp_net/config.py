"""The settings of strategy `dpp-net`."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.settings import setting
from ..common.offspring import MAX_SAMPLES_HELP


@dataclass(frozen=True)
class DPPNetConfig:
    """Settings of strategy `dpp-net`."""

    keep: int = setting(
        20,
        "Architectures selected and measured in each stage (K in the paper).",
        low=1,
        high=10_000,
    )
    first: int = setting(
        40,
        "Candidates of the first stage: the smallest architectures, or random ones in a space "
        "without growth.",
        low=2,
        high=10_000,
    )
    children: int = setting(
        2000,
        "Most children predicted in a stage; of more, a random subset.",
        low=10,
        high=100_000,
    )
    hidden: int = setting(32, "Hidden units of the surrogate's LSTM.", low=2, high=512)
    embedding: int = setting(8, "Size of the surrogate's token embedding.", low=1, high=256)
    explore: float = setting(
        0.1,
        "Share of each stage that is drawn at random from the space once nothing grows: it keeps "
        "the search out of local optima at the ends of the front.",
        low=0.0,
        high=1.0,
    )
    epochs: int = setting(25, "Training epochs of the surrogate in each stage.", low=1, high=10_000)
    batch: int = setting(64, "Batch size of the surrogate's training.", low=1, high=10_000)
    learning_rate: float = setting(0.02, "Learning rate of the surrogate (Adam).", low=0.0)
    memory: int = setting(
        1000,
        "Training examples of the surrogate: the most recently measured architectures.",
        low=10,
        high=100_000,
    )
    tries: int = setting(30, MAX_SAMPLES_HELP, low=1, high=10_000)
