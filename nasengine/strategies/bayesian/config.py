"""Settings of strategy `bayesian`."""

from __future__ import annotations

from dataclasses import dataclass

from ...catalog import names
from ...core.settings import setting
from ..common.offspring import MAX_SAMPLES_HELP


@dataclass(frozen=True)
class BayesianConfig:
    """Settings of strategy `bayesian`."""

    warm_up: int = setting(
        8, "First candidates, chosen by size before the surrogate is fitted.", low=2, high=10_000
    )
    sampled: int = setting(
        10,
        "Random architectures drawn for each first candidate: with one objective the largest are "
        "taken, with several they are spread from the smallest to the largest. 1: random.",
        low=1,
        high=1000,
    )
    warm_start: str = setting(
        "size",
        "Order of the random architectures that the first candidates are taken from. size: by the "
        "weights of the drawn operations, which costs nothing; a proxy: workers compute it for "
        "each of them first, and the surrogate knows the scores.",
        choices=("size", *names("proxies")),
        omit_default=True,
    )
    surrogate: str = setting(
        "paths",
        "Features that the surrogate has besides decisions and graph. paths: the number, depth and "
        "operations of the paths through each cell, and the size, each with its own length scale; "
        "size: only the size, as in earlier releases.",
        choices=("paths", "size"),
        omit_default=True,
    )
    pool: int = setting(
        400, "Random architectures predicted before each choice.", low=10, high=20_000
    )
    parents: int = setting(
        10, "Best candidates whose neighbours are predicted as well.", low=1, high=200
    )
    children: int = setting(
        600, "Most neighbours predicted before each choice.", low=1, high=20_000
    )
    exploration: float = setting(
        1.0,
        "With several objectives: standard deviations by which a prediction is improved before "
        "its hypervolume is computed.",
        low=0,
        high=10,
    )
    memory: int = setting(
        300, "Most candidates that the surrogate is fitted to.", low=10, high=2000
    )
    tries: int = setting(30, MAX_SAMPLES_HELP, low=1, high=10_000)
