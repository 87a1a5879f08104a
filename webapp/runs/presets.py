"""Presets of the launch form: search settings to start from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import published_presets
from .setting_labels import LABELS

DEFAULT_OBJECTIVES = ("error", "params", "latency@cpu")


@dataclass(frozen=True)
class Preset:
    """Named search settings: those that differ from the defaults of the form."""

    title: str
    help: str
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def run_name(self) -> str:
        """The name that a run of this preset starts with."""
        if " on " in self.title:
            return self.title
        return f"{self.title} on {self.spec.get('dataset', 'digits')}"


# Small enough to finish within minutes on two CPU cores.
SMALL = {"candidates": 40, "in_flight": 2, "estimator_config": {"epochs": 3}}
SHARED = {"candidates": 40, "in_flight": 2, "estimator_config": {"epochs": 4}}
# A small data set has few steps per epoch, so there are more epochs, smaller batches, a higher
# learning rate, and a controller that may become confident.
SMALL_DATA = {"epochs": 20, "batch_size": 16, "learning_rate": 0.1}
CONFIDENT = {"controller_steps": 15, "samples": 5, "tanh": 2.5, "op_reduce": 1.0}
FIRST_LOOK = {"first": 8, "keep": 6}

DPP_NET = {
    **SMALL,
    "space": "dense-cell",
    "strategy": "dpp-net",
    "strategy_config": {"first": 12, "keep": 6},
}
MONAS = {**SMALL, "strategy": "monas", "strategy_config": {"warm_up": 10}}
ON_GPU = {"epochs": 3, "device": "cuda"}
# Costs on a device as the papers searched with them. Without a counter, the energy is modelled.
DEVICE_PRESETS = {
    "monas-energy": Preset(
        "MONAS with energy",
        "AlexNet-like chains; energy of the processor: RAPL where it is readable, else modelled.",
        {**MONAS, "space": "chain-alexnet", "objectives": ["error", "energy@cpu"]},
    ),
    "monas-energy-condensenet": Preset(
        "MONAS with energy, CondenseNet",
        "CondenseNet-like chains; energy of the processor: RAPL if readable, else modelled.",
        {**MONAS, "space": "chain-condensenet", "objectives": ["error", "energy@cpu"]},
    ),
    "monas-energy-gpu": Preset(
        "MONAS with energy, GPU",
        "AlexNet-like chains; energy of the first NVIDIA GPU from its counter (NVML).",
        {
            **MONAS,
            "space": "chain-alexnet",
            "estimator_config": ON_GPU,
            "objectives": ["error", "energy@cuda"],
        },
    ),
    "monas-power-budget": Preset(
        "MONAS within a power budget",
        "AlexNet-like chains, rewarded for accuracy below 3.2 W on a Jetson TX1 (modelled).",
        {
            **MONAS,
            "space": "chain-alexnet",
            "strategy_config": {"warm_up": 10, "reward": "power-budget"},
            "objectives": ["error", "energy@jetson_tx1", "power@jetson_tx1"],
            "constraints": ["power@jetson_tx1<3.2"],
        },
    ),
    "monas-accuracy-floor": Preset(
        "MONAS with an accuracy floor",
        "AlexNet-like chains, rewarded for low energy once fewer than 10 % of answers are wrong.",
        {
            **MONAS,
            "space": "chain-alexnet",
            "strategy_config": {"warm_up": 10, "reward": "accuracy-floor"},
            "objectives": ["error", "energy@cpu"],
            "constraints": ["error<10"],
        },
    ),
    "dpp-net-memory": Preset(
        "DPP-Net with memory",
        "Dense cells; peak memory computed from the tensors that live together.",
        {**DPP_NET, "objectives": ["error", "params", "memory@cpu"]},
    ),
    "dpp-net-memory-gpu": Preset(
        "DPP-Net with memory, GPU",
        "Dense cells; peak memory measured on the first NVIDIA GPU.",
        {
            **DPP_NET,
            "estimator_config": ON_GPU,
            "objectives": ["error", "params", "memory@cuda"],
        },
    ),
    "dpp-net-latency-bound": Preset(
        "DPP-Net below a latency",
        "Dense cells below 2 ms on a Jetson TX1 (modelled); slower ones are not trained.",
        {
            **DPP_NET,
            "objectives": ["error", "params", "latency@jetson_tx1", "memory@jetson_tx1"],
            "constraints": ["latency@jetson_tx1<2"],
        },
    ),
}

PRESETS = {
    "first-look": Preset(
        "First look",
        "24 small networks on digits with a few epochs each: minutes on two CPU cores.",
        {
            "candidates": 24,
            "space_config": {"cells": 3},
            "strategy_config": dict(FIRST_LOOK),
            "estimator_config": {"epochs": 3},
        },
    ),
    "dpp-net": Preset(
        "DPP-Net",
        "Dense cells grown layer by layer with a surrogate and Pareto dominance (1806.08198).",
        DPP_NET,
    ),
    "monas": Preset(
        "MONAS",
        "A policy network builds AlexNet-like chains, rewarded for accuracy and cost (1806.10332).",
        {**MONAS, "space": "chain-alexnet"},
    ),
    **DEVICE_PRESETS,
    "topology-evolution": Preset(
        "Topology evolution",
        "Graphs grow from minimal ones; children inherit weights (1809.03242).",
        {
            **SMALL,
            "space": "topology",
            "space_config": {"ids": "innovation"},
            "strategy": "topology-evolution",
            "estimator": "inherit",
            "strategy_config": {"population": 10},
        },
    ),
    "renas": Preset(
        "RENAS",
        "Block cells, mutated by a learned controller; children are fine-tuned (1808.00193).",
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
        "Differentiable search in a supernet of all cells (1806.09055).",
        {
            **SHARED,
            # 20 epochs, one scoring with shared weights, the derived cell and three to compare.
            "candidates": 25,
            "space": "cell",
            "strategy": "darts",
            "space_config": {"cells": 3},
            "strategy_config": {**SMALL_DATA, "alpha_learning_rate": 3e-3, "weight_decay": 0.0081},
        },
    ),
    "enas": Preset(
        "ENAS",
        "A controller samples cells, rewarded by their accuracy with shared weights (1802.03268).",
        {
            **SHARED,
            "space": "enas-micro",
            "strategy": "enas",
            "space_config": {"cells": 3},
            "candidates": 25,  # 20 epochs, one derivation and four retrained cells
            "strategy_config": {**SMALL_DATA, **CONFIDENT},
        },
    ),
    "random-sharing": Preset(
        "Random search with weight sharing",
        "The baseline of DARTS and ENAS: the supernet trains random cells, the best are retrained.",
        {
            **SHARED,
            "space": "cell",
            "strategy": "random-sharing",
            "space_config": {"cells": 3},
            "candidates": 25,  # 20 epochs, one scoring of samples and four retrained cells
            "strategy_config": SMALL_DATA,
        },
    ),
    "recurrent": Preset(
        "Recurrent cells on text",
        "DARTS on a cell that predicts the next word of Python's documentation.",
        {
            **SHARED,
            # 10 epochs, one derivation, the derived cell, three to compare and the LSTM baseline.
            "candidates": 16,
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
        "Selection by rank and crowding distance, on the cells of NAS-Bench-201.",
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
        "Moves to better neighbours: a strong simple baseline.",
        {
            **SMALL,
            "space": "nb201",
            "strategy": "local-search",
            "space_config": {"cells": 1, "channels": 8},
            "strategy_config": {"starts": 6},
        },
    ),
    "bayesian": Preset(
        "Bayesian optimisation",
        "A Gaussian process on paths and graph of each cell chooses what to train next.",
        {**SMALL, "space": "cell", "strategy": "bayesian", "space_config": {"cells": 3}},
    ),
    "random": Preset(
        "Random search",
        "The baseline that every method has to beat: random candidates, same budget.",
        {"strategy": "random"},
    ),
    "darts-as-published": Preset(
        "DARTS (as published)",
        "4 searches on CIFAR-10, each cell trained for 600 epochs on a GPU. Fill in the path.",
        published_presets.DARTS,
    ),
    "darts-recurrent-as-published": Preset(
        "DARTS recurrent (as published)",
        "4 searches on the Penn treebank, each cell trained on a GPU. Fill in the path.",
        published_presets.DARTS_RECURRENT,
    ),
    "enas-micro-as-published": Preset(
        "ENAS micro (as published)",
        "150 epochs of search on CIFAR-10, 630 of training, on a GPU. Fill in the path.",
        published_presets.ENAS_MICRO,
    ),
    "enas-macro-as-published": Preset(
        "ENAS macro (as published)",
        "310 epochs of search on CIFAR-10, 310 of training, on a GPU. Fill in the path.",
        published_presets.ENAS_MACRO,
    ),
    "enas-recurrent-as-published": Preset(
        "ENAS recurrent (as published)",
        "150 epochs of search on the Penn treebank, on a GPU. Fill in the path.",
        published_presets.ENAS_RECURRENT,
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


def changes_of(preset: Preset) -> list[tuple[str, str]]:
    """Return the settings that a preset changes, as (name, value in words)."""
    rows: list[tuple[str, str]] = []
    for name, value in preset.spec.items():
        if name == "methods":  # of a study: each with its settings
            rows.append((name, ", ".join(value)))
            rows += [row for method, config in value.items() for row in _settings(method, config)]
        elif name.endswith("_config"):
            rows += _settings(name.removesuffix("_config"), value)
        else:
            rows.append((_label(name), _words(value)))
    return rows


def _settings(owner: str, config: dict[str, Any]) -> list[tuple[str, str]]:
    return [(f"{owner} {_label(key)}", _words(value)) for key, value in config.items()]


def _label(name: str) -> str:
    """Return the label of a setting on the form, within a sentence."""
    label = LABELS.get(name) or name.replace("_", " ")
    return label[:1].lower() + label[1:]


def _words(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
