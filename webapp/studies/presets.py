"""Presets of the study form: methods with their settings, and the search that they share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.runs.forms import raw_of
from webapp.runs.presets import SHARED, SMALL, SMALL_DATA, Preset

from .forms import raw_of_methods
from .plan import RANDOM_SEARCH

PRESETS = {
    "first-look": Preset(
        "First look",
        "Two methods and random search, two seeds each, on small cells of NAS-Bench-201.",
        {
            **SMALL,
            "methods": {RANDOM_SEARCH: {}, "local-search": {}, "nsga2": {"population": 6}},
            "seeds": 2,
            "candidates": 12,
            "space": "nb201",
            "space_config": {"cells": 1, "channels": 8},
        },
    ),
    "evolution": Preset(
        "Does evolution beat random search?",
        "Regularised evolution, NSGA-II and local search with ten seeds each.",
        {
            **SMALL,
            "methods": {
                RANDOM_SEARCH: {},
                "local-search": {"starts": 6},
                "nsga2": {"population": 10},
                "regularised-evolution": {"population": 10, "sample": 3},
            },
            "seeds": 10,
            "space": "nb201",
            "space_config": {"cells": 1, "channels": 8},
        },
    ),
    "learned-mutations": Preset(
        "Do learned mutations pay?",
        "RENAS and regularised evolution on block cells; children inherit weights (1808.00193).",
        {
            **SMALL,
            "methods": {
                RANDOM_SEARCH: {},
                "regularised-evolution": {"population": 10, "sample": 3},
                "renas": {"population": 10, "sample": 3},
            },
            "space": "block-cell",
            "space_config": {"cells": 3},
            "estimator": "inherit",
        },
    ),
    "weight-sharing": Preset(
        "Does DARTS beat its baseline?",
        "DARTS and random search with weight sharing, the same supernet (1806.09055, 1902.07638).",
        {
            **SHARED,
            "methods": {
                "darts": {**SMALL_DATA, "alpha_learning_rate": 3e-3, "weight_decay": 0.0081},
                "random-sharing": SMALL_DATA,
            },
            "space": "cell",
            "space_config": {"cells": 3},
        },
    ),
    "stops-itself": Preset(
        "As many seeds as it takes",
        "NSGA-II against random search, at most 20 seeds; the rest stops when it is decided.",
        {
            **SMALL,
            "methods": {RANDOM_SEARCH: {}, "nsga2": {"population": 10}},
            "seeds": 20,
            "stop_decided": True,
            "space": "nb201",
            "space_config": {"cells": 1, "channels": 8},
        },
    ),
}


def raw_of_preset(preset: Preset) -> Mapping[str, Any]:
    """Return a preset as the names and values that the study form takes."""
    spec = {name: value for name, value in preset.spec.items() if name != "methods"}
    return {**raw_of(spec, preset.title), **raw_of_methods(preset.spec["methods"])}
