"""Evaluation of cells on CIFAR-10 by DARTS (1806.09055, section 3.2 and its reference code)."""

from __future__ import annotations

from ..core.protocol import Protocol

DARTS_CIFAR10 = Protocol(
    name="darts-cifar10",
    help="CIFAR-10 as in DARTS: 20 cells of 36 channels, 600 epochs, cutout 16, drop-path 0.2, "
    "auxiliary head.",
    dataset="cifar10",
    settings={
        "epochs": 600,
        "batch_size": 96,
        "optimiser": "sgd",
        "learning_rate": 0.025,
        "final_learning_rate": 0.0,
        "schedule": "cosine",
        "momentum": 0.9,
        "weight_decay": 3e-4,
        "gradient_clip": 5.0,
        "crop": 4,
        "flip": True,
        "cutout": 16,
        "drop_path": 0.2,
        "auxiliary_weight": 0.4,
    },
    network={"cells": 20, "channels": 36},
)
