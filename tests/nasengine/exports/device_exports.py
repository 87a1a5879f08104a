"""The exports for devices that several tests look at, all of one small network."""

from __future__ import annotations

from nasengine.core.architecture import Architecture

GENOME = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|nor_conv_1x1~0|avg_pool_3x3~1|skip_connect~2|"
SMALL = Architecture("nb201", {"cells": 1, "channels": 4}, GENOME)
CALIBRATION = {"calibration_images": 16}
# Name -> target and settings.
EXPORTS = {
    "onnx": ("onnx", {}),
    "tensorrt": ("tensorrt", {"precision": "int8", "batch": 4, **CALIBRATION}),
    "deepstream": ("deepstream", {"precision": "float16"}),
    "deepstream in int8": ("deepstream", {"precision": "int8", "batch": 4, **CALIBRATION}),
    "movidius": ("movidius", {}),
    "onnx-int8": ("onnx-int8", CALIBRATION),
    "openvino-int8": ("openvino-int8", CALIBRATION),
}
