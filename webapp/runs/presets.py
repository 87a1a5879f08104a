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
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def run_name(self) -> str:
        """The name that a run of this preset starts with."""
        if " on " in self.title:
            return self.title
        return f"{self.title} on {self.spec.get('dataset', 'digits')}"


# Small enough that every one ends within minutes on two processor cores.
SMALL = {"candidates": 40, "in_flight": 2, "estimator_config": {"epochs": 3}}
SHARED = {"candidates": 40, "in_flight": 2, "estimator_config": {"epochs": 4}}
# Few images teach little in an epoch: so there are more steps, longer ones, and a controller that
# may become sure.
FEW = {"epochs": 20, "batch_size": 16, "learning_rate": 0.1}
SURER = {"controller_steps": 15, "samples": 5, "tanh": 2.5, "op_reduce": 1.0}
FIRST_LOOK = {"first": 8, "keep": 6}

PRESETS = {
    "first-look": Preset(
        "First look",
        "24 small networks on digits, a few epochs each: minutes on two processor cores.",
        {
            "candidates": 24,
            "space_config": {"cells": 3},
            "strategy_config": dict(FIRST_LOOK),
            "estimator_config": {"epochs": 3},
        },
    ),
    "dpp-net": Preset(
        "DPP-Net",
        "Its own dense cells, grown layer by layer; a surrogate and Pareto dominance (1806.08198).",
        {
            **SMALL,
            "space": "dense-cell",
            "strategy": "dpp-net",
            "strategy_config": {"first": 12, "keep": 6},
        },
    ),
    "monas": Preset(
        "MONAS",
        "A robot network writes AlexNet-like chains, rewarded for accuracy and cost (1806.10332).",
        {
            **SMALL,
            "space": "chain-alexnet",
            "strategy": "monas",
            "strategy_config": {"warm_up": 10},
        },
    ),
    "topology-evolution": Preset(
        "Topologies by evolution",
        "Graphs grow from the smallest; children inherit their weights (1809.03242).",
        {
            **SMALL,
            "space": "topology",
            "strategy": "topology-evolution",
            "estimator": "inherit",
            "strategy_config": {"population": 10},
        },
    ),
    "renas": Preset(
        "RENAS",
        "Cells of blocks; a learned controller mutates, children are fine-tuned (1808.00193).",
        {
            **SMALL,
            "space": "block-cell",
            "strategy": "renas",
            "estimator": "inherit",
            "space_config": {"cells": 3},
            "strategy_config": {"population": 10, "sample": 3},
        },
    ),
    "darts": Preset(
        "DARTS",
        "One network holds every cell; its operations compete by gradients (1806.09055).",
        {
            **SHARED,
            "space": "cell",
            "strategy": "darts",
            "space_config": {"cells": 3},
            "strategy_config": {**FEW, "alpha_learning_rate": 3e-3, "weight_decay": 0.0081},
        },
    ),
    "enas": Preset(
        "ENAS",
        "A controller writes cells, rewarded by what they do with shared weights (1802.03268).",
        {
            **SHARED,
            "space": "enas-micro",
            "strategy": "enas",
            "space_config": {"cells": 3},
            "strategy_config": {**FEW, **SURER},
        },
    ),
    "random-sharing": Preset(
        "Random search with shared weights",
        "The baseline of DARTS and ENAS: weights learn random cells, the best are proved.",
        {
            **SHARED,
            "space": "cell",
            "strategy": "random-sharing",
            "space_config": {"cells": 3},
            "strategy_config": FEW,
        },
    ),
    "recurrent": Preset(
        "Recurrent cells on text",
        "DARTS on a cell that foretells the next word of Python's documentation.",
        {
            **SHARED,
            "space": "recurrent-cell",
            "strategy": "darts",
            "dataset": "pydoc-text",
            "dataset_config": {"limit": 20_000, "vocabulary": 1000},
            "objectives": ["perplexity", "params"],
            "strategy_config": {"epochs": 10, "batch_size": 16},
        },
    ),
    "nsga2": Preset(
        "NSGA-II",
        "Generations by rank and crowding, on the cells of NAS-Bench-201.",
        {
            **SMALL,
            "space": "nb201",
            "strategy": "nsga2",
            "space_config": {"cells": 1, "channels": 8},
            "strategy_config": {"population": 10},
        },
    ),
    "local-search": Preset(
        "Local search",
        "From neighbour to better neighbour: the strong simple baseline.",
        {
            **SMALL,
            "space": "nb201",
            "strategy": "local-search",
            "space_config": {"cells": 1, "channels": 8},
            "strategy_config": {"starts": 6},
        },
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
