"""Settings of strategy `qlognehvi`."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.settings import setting
from ..common.offspring import MAX_SAMPLES_HELP


@dataclass(frozen=True)
class QLogNehviConfig:
    """Settings of strategy `qlognehvi`."""

    warm_up: int = setting(
        10, "Random candidates before the surrogate is fitted.", low=2, high=10_000
    )
    batch: int = setting(
        5,
        "Most candidates that are chosen together after each fit: a tenth of the measured ones.",
        low=1,
        high=100,
    )
    samples: int = setting(
        16,
        "Quasi-random samples of the posterior that the acquisition function averages over; time "
        "and memory grow with them.",
        low=1,
        high=1024,
    )
    pool: int = setting(400, "Random architectures considered in each choice.", low=10, high=20_000)
    parents: int = setting(
        10, "Best candidates whose neighbours are considered as well.", low=1, high=200
    )
    children: int = setting(200, "Most neighbours considered in each choice.", low=1, high=20_000)
    memory: int = setting(
        300,
        "Most candidates that the surrogate is fitted to: half the best, half the newest.",
        low=10,
        high=2000,
    )
    tries: int = setting(30, MAX_SAMPLES_HELP, low=1, high=10_000)
