"""Static int8 quantisation of ONNX graphs, with Q/DQ nodes.

A calibration set is run through the float network; the ranges of its values give the scales.
Weights have one scale per output channel. The Q/DQ nodes are part of the graph, so ONNX Runtime
and TensorRT read the same file and no calibration table is needed.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .constants import fold_constant_nodes
from .preprocessing import preprocessing_outputs

if TYPE_CHECKING:
    import numpy as np
    import onnx

METHODS = ("minmax", "percentile", "entropy")
# TensorRT fuses these with their Q/DQ nodes; quantised reshapes and the like only cost time.
TENSORRT_OPERATORS = ("Conv", "Gemm", "MatMul", "Add", "AveragePool", "GlobalAveragePool")


@dataclass(frozen=True)
class QuantisationSettings:
    """How a graph is quantised.

    Attributes:
        method: How ranges follow from the calibration set: "minmax" takes all values,
            "percentile" leaves out the rarest, "entropy" loses least information.
        for_tensorrt: Biases stay float32 and only operators that TensorRT fuses are quantised.
    """

    method: str = "minmax"
    for_tensorrt: bool = False


def quantise(
    source: Path,
    result: Path,
    inputs: dict[str, np.ndarray],
    settings: QuantisationSettings,
) -> int:
    """Write an int8 version of an ONNX file and return the number of quantised layers.

    The normalisation of the input stays in float32.

    Args:
        source: The float32 model, which reads a batch of 1.
        result: The file to write.
        inputs: The calibration set: input name -> array with one row per example.
        settings: How to quantise.
    """
    import onnx
    from onnxruntime.quantization import (
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    model = onnx.load(source)
    fold_constant_nodes(model.graph)
    _name_nodes(model.graph)
    kept = preprocessing_outputs(model.graph)
    excluded = [node.name for node in model.graph.node if node.output[0] in kept]
    methods = {
        "minmax": CalibrationMethod.MinMax,
        "percentile": CalibrationMethod.Percentile,
        "entropy": CalibrationMethod.Entropy,
    }
    with _quiet():
        quantize_static(
            model,
            result,
            _reader(inputs),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(TENSORRT_OPERATORS) if settings.for_tensorrt else None,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=excluded,
            calibrate_method=methods[settings.method],
            extra_options={
                "ActivationSymmetric": settings.for_tensorrt,
                "WeightSymmetric": True,
                "QuantizeBias": not settings.for_tensorrt,
            },
        )
    written = onnx.load(result)
    onnx.checker.check_model(written)
    return _quantised_layers(written.graph)


def _reader(inputs: dict[str, np.ndarray]) -> Any:
    """Return the calibration set as onnxruntime reads it: one example at a time."""
    from onnxruntime.quantization import CalibrationDataReader

    class Rows(CalibrationDataReader):
        def __init__(self) -> None:
            self.position = 0

        def get_next(self) -> dict[str, np.ndarray] | None:
            row = {name: v[self.position : self.position + 1] for name, v in inputs.items()}
            self.position += 1
            return row if all(len(values) for values in row.values()) else None

    return Rows()


def _name_nodes(graph: onnx.GraphProto) -> None:
    """Give unnamed nodes names, by which the quantiser knows them."""
    for number, node in enumerate(graph.node):
        node.name = node.name or f"{node.op_type}_{number}"


def _quantised_layers(graph: onnx.GraphProto) -> int:
    """Count the layers with weights whose weights are dequantised from int8."""
    dequantised = {node.output[0] for node in graph.node if node.op_type == "DequantizeLinear"}
    return sum(
        node.op_type in ("Conv", "Gemm", "MatMul") and node.input[1] in dequantised
        for node in graph.node
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the quantiser's advice to run its own preprocessing first."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            root.setLevel(level)
