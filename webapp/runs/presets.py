"""Ready-made questions for the launch form: a beginning, not a restriction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

DEFAULT_OBJECTIVES = ("error", "params", "latency@cpu")


@dataclass(frozen=True)
class Preset:
    """A named beginning: what differs from the form's own defaults."""

    title: str
    help: str
    question: dict[str, Any] = field(default_factory=dict)


PRESETS = {
    "first-look": Preset(
        "First look",
        "24 small networks on digits, a few epochs each: minutes on two processor cores.",
        {"candidates": 24, "space_config": {"cells": 3}, "estimator_config": {"epochs": 3}},
    ),
    "random": Preset(
        "Random search",
        "What any method has to beat: the same budget, drawn at random.",
        {"strategy": "random"},
    ),
    "published-evolution": Preset(
        "Regularised evolution as published",
        "Population 100, sample 25 (1802.01548), 1,000 candidates.",
        {
            "strategy": "regularised-evolution",
            "strategy_config": {"population": 100, "sample": 25},
            "candidates": 1000,
        },
    ),
}
