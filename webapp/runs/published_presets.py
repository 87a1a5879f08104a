"""Search settings of published one-shot methods, number by number, for the launch form.

DARTS: the paper (1806.09055) and its reference code, second order as in its README. ENAS: the
paper (1802.03268) and the scripts of its released code; the recurrent search has the figures of
the paper, its final training those of the script. docs/methods.md lists the remaining
differences. Final trainings are those of the protocols, where the method has one. Values are
written out even where they equal a default, so that a later default cannot change them.
"""

from __future__ import annotations

from typing import Any

from nasengine.protocols.darts_cifar10 import DARTS_CIFAR10
from nasengine.protocols.darts_text import DARTS_PTB
from nasengine.protocols.enas_cifar10 import ENAS_CIFAR10

# One full-size search takes hours on a GPU, so these runs wait in its queue.
ON_GPU = {"device": "cuda", "precision": "float32"}
CIFAR_AUGMENTATION = {"crop": 4, "flip": True}
COSTS = ["error", "params", "macs"]


def _candidates(epochs: int, retrained: int, searches: int = 1) -> int:
    """Return the budget: supernet epochs, one derivation and the retrained, for each search."""
    return searches * (epochs + 1 + retrained)


DARTS: dict[str, Any] = {
    "space": "cell",
    "strategy": "darts",
    "dataset": "cifar10",
    "objectives": COSTS,
    "candidates": _candidates(50, 1, searches=4),
    "space_config": {
        **DARTS_CIFAR10.network,
        "supernet_cells": 8,
        "supernet_channels": 16,
    },
    "strategy_config": {
        "order": "second",
        "searches": 4,
        "compared": 0,
        "epochs": 50,
        "batch_size": 64,
        "weights_portion": 0.5,
        "learning_rate": 0.025,
        "final_learning_rate": 0.001,
        "schedule": "cosine",
        "momentum": 0.9,
        "weight_decay": 3e-4,
        "gradient_clip": 5.0,
        "alpha_learning_rate": 3e-4,
        "alpha_weight_decay": 1e-3,
        "augment": "own",
        **CIFAR_AUGMENTATION,
        "cutout": 0,
    },
    "estimator_config": {**DARTS_CIFAR10.settings, **ON_GPU},
}

DARTS_RECURRENT: dict[str, Any] = {
    "space": "recurrent-cell",
    "strategy": "darts",
    "dataset": "ptb",
    "objectives": ["perplexity", "params"],
    "candidates": _candidates(50, 2, searches=4),
    "space_config": {
        **DARTS_PTB.network,
        "nodes": 8,
        "supernet_hidden": 300,
        "supernet_word_dropout": 0.0,
    },
    "strategy_config": {
        "order": "second",
        "searches": 4,
        "compared": 0,
        "epochs": 50,
        "batch_size": 256,
        "bptt": 35,
        "windows": "fixed",
        "architecture_data": "valid",
        "learning_rate": 20.0,
        "schedule": "constant",
        "momentum": 0.0,
        "weight_decay": 5e-7,
        "gradient_clip": 0.25,
        "slowness": 1e-3,
        "alpha_learning_rate": 3e-3,
        "alpha_weight_decay": 1e-3,
    },
    "estimator_config": {**DARTS_PTB.settings, **ON_GPU},
}

# The weights of both image searches: cosine with restarts, T0 10, doubled each time.
RESTARTS = {
    "schedule": "restarts",
    "restart_epochs": 10,
    "restart_factor": 2,
    "learning_rate": 0.05,
    "momentum": 0.9,
    "nesterov": True,
    "gradient_clip": 5.0,
}
CONTROLLER = {
    "hidden": 64,
    "temperature": 0.0,
    "op_reduce": 2.5,
    "placed": False,
    "entropy_weight": 1e-4,
    "baseline_decay": 0.99,
    "controller_clip": 0.0,
    "skip_target": 0.4,
    "skip_weight": 0.8,
}
# 45,000 images for the weights, the 5,000 of validation for the rewards.
IMAGE_SEARCH = {
    **RESTARTS,
    **CONTROLLER,
    "final_learning_rate": 0.0005,
    "architecture_data": "valid",
    "augment": "own",
    **CIFAR_AUGMENTATION,
    "cutout": 0,
    "dropout": 0.1,  # keep probability 0.9
    "drop_path": 0.4,  # keep probability 0.6
    "drop_path_by_depth": True,
    "sampled": 10,
    "proofs": 1,
}

ENAS_MICRO: dict[str, Any] = {
    "space": "enas-micro",
    "strategy": "enas",
    "dataset": "cifar10",
    "objectives": COSTS,
    "candidates": _candidates(150, 1),
    # The released code counts 6 and 15 layers, without the two reduction cells.
    "space_config": {
        **ENAS_CIFAR10.network,
        "nodes": 5,
        "supernet_cells": 8,
        "supernet_channels": 20,
    },
    "strategy_config": {
        **IMAGE_SEARCH,
        "epochs": 150,
        "batch_size": 160,
        "weight_decay": 1e-4,
        "auxiliary_weight": 0.4,
        "controller_steps": 30,
        "samples": 10,
        "reward_batch": 160,
        "controller_learning_rate": 0.0035,
        "tanh": 1.1,
        "bias": 10.0,
        "lean": 0.25,
    },
    "estimator_config": {**ENAS_CIFAR10.settings, **ON_GPU},
}

ENAS_MACRO: dict[str, Any] = {
    "space": "enas-macro",
    "strategy": "enas",
    "dataset": "cifar10",
    "objectives": COSTS,
    "candidates": _candidates(310, 1),
    "space_config": {"layers": 12, "channels": 96, "supernet_channels": 36},
    "strategy_config": {
        **IMAGE_SEARCH,
        "epochs": 310,
        "batch_size": 128,
        "weight_decay": 2.5e-4,
        "controller_steps": 50,
        "samples": 20,
        "reward_batch": 128,
        "controller_learning_rate": 0.001,
        "tanh": 1.5,
    },
    "estimator_config": {
        **RESTARTS,
        "epochs": 310,
        "batch_size": 100,
        "final_learning_rate": 0.001,
        "weight_decay": 2e-4,
        "dropout": 0.5,  # keep probability 0.5
        **CIFAR_AUGMENTATION,
        "cutout": 0,
        **ON_GPU,
    },
}

ENAS_RECURRENT: dict[str, Any] = {
    "space": "recurrent-cell",
    "strategy": "enas",
    "dataset": "ptb",
    "objectives": ["perplexity", "params"],
    "candidates": _candidates(150, 2),
    # ENAS counts node 0: 12 nodes are 11 after it. Keep probabilities are 1 - dropout.
    "space_config": {
        "nodes": 11,
        "output": "leaves",
        "pair_matrices": True,
        "hidden": 748,
        "supernet_hidden": 1000,
        "word_dropout": 0.21,
        "supernet_word_dropout": 0.25,
        "input_dropout": 0.75,
        "hidden_dropout": 0.25,
        "output_dropout": 0.76,
    },
    "strategy_config": {
        **CONTROLLER,
        "epochs": 150,
        "batch_size": 64,
        "bptt": 35,
        "max_steps": 400,
        "architecture_data": "valid",
        "schedule": "step",
        "step_after": 15,
        "step_epochs": 1,
        "step_factor": 0.96,
        "learning_rate": 20.0,
        "momentum": 0.0,
        "weight_decay": 1e-7,
        "gradient_clip": 0.25,
        "controller_steps": 2000,
        "samples": 1,
        "reward_batch": 64,
        "reward_scale": 80.0,
        "controller_learning_rate": 3.5e-4,
        "baseline_decay": 0.95,
        "hidden": 100,
        "temperature": 5.0,
        "tanh": 2.5,
        "op_reduce": 1.0,
        "distance": 6.0,
        "sampled": 100,
        "proofs": 1,
    },
    "estimator_config": {
        "epochs": 2000,
        "batch_size": 64,
        "bptt": 35,
        "schedule": "step",
        "step_after": 14,
        "step_epochs": 1,
        "step_factor": 0.9991,
        "learning_rate": 20.0,
        "momentum": 0.0,
        "weight_decay": 5e-7,
        "gradient_clip": 0.25,
        "slowness": 1e-3,
        "averaging": 0,
        **ON_GPU,
    },
}
