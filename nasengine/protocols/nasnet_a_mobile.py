"""The mobile setting of NASNet-A on ImageNet (1707.07012), trained as in DARTS (1806.09055).

The setting asks for images of 224x224 pixels and fewer than 600 million multiply-accumulates.
The training is that of DARTS' comparison in this setting, which holds NASNet-A too.
"""

from __future__ import annotations

from ..core.protocol import Protocol

NASNET_A_MOBILE = Protocol(
    name="nasnet-a-mobile",
    help="ImageNet in the mobile setting: 224x224 pixels, 14 cells of 48 channels, 250 epochs, "
    "learning rate x 0.97 per epoch, random-resized crops, colour jitter, label smoothing 0.1, "
    "auxiliary head.",
    dataset="image-folder",
    settings={
        "epochs": 250,
        "batch_size": 128,
        "optimiser": "sgd",
        "learning_rate": 0.1,
        "schedule": "step",
        "step_after": 0,
        "step_epochs": 1,
        "step_factor": 0.97,
        "momentum": 0.9,
        "weight_decay": 3e-5,
        "gradient_clip": 5.0,
        "resized_crop": 0.08,
        "flip": True,
        "colour_jitter": 0.4,
        "hue_jitter": 0.2,
        "drop_path": 0.0,
        "label_smoothing": 0.1,
        "auxiliary_weight": 0.4,
    },
    network={"cells": 14, "channels": 48},
)
