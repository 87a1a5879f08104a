"""Final training of micro cells on CIFAR-10 by ENAS (1802.03268, script cifar10_micro_final).

The script counts 15 layers without the two reduction cells, so the network has 17 cells.
"""

from __future__ import annotations

from ..core.protocol import Protocol

ENAS_CIFAR10 = Protocol(
    name="enas-cifar10",
    help="CIFAR-10 as in ENAS: 15 + 2 cells of 36 channels, 630 epochs, cosine with restarts, "
    "cutout 16, keep probability 0.8, drop-path keep probability 0.6, auxiliary head.",
    dataset="cifar10",
    settings={
        "epochs": 630,
        "batch_size": 144,
        "optimiser": "sgd",
        "learning_rate": 0.05,
        "final_learning_rate": 0.0001,
        "schedule": "restarts",
        "restart_epochs": 10,
        "restart_factor": 2,
        "momentum": 0.9,
        "nesterov": True,
        "weight_decay": 2e-4,
        "gradient_clip": 5.0,
        "crop": 4,
        "flip": True,
        "cutout": 16,
        "dropout": 0.2,
        "drop_path": 0.4,
        "drop_path_by_depth": True,
        "auxiliary_weight": 0.4,
    },
    network={"cells": 17, "channels": 36},
)
