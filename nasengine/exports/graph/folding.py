"""Fold batch norms into the convolutions before them.

In evaluation mode a batch norm is y = scale * (x - mean) / sqrt(variance + epsilon) + shift with
constants for each channel, so a convolution before it can do the same with other weights and a
bias. A factorized reduction has one batch norm after two convolutions side by side; each gets
its channels of it. A batch norm whose input others read too, or that follows another layer, stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from .counting import FOLDED

if TYPE_CHECKING:
    import onnx_ir

DEFAULT_EPSILON = 1e-5  # of the ONNX operator


def fold_batch_norms(graph: onnx_ir.Graph) -> int:
    """Fold every batch norm that follows convolutions only; return the number of those folded."""
    folded = 0
    for node in list(graph):
        if node.op_type != "BatchNormalization":
            continue
        source = node.inputs[0]
        convolutions = _convolutions(graph, source)
        if source is None or not convolutions:
            continue
        _fold(graph, node, convolutions)
        node.outputs[0].replace_all_uses_with(source)
        graph.remove(node, safe=True)
        folded += 1
    return folded


def _convolutions(graph: onnx_ir.Graph, value: onnx_ir.Value | None) -> list[onnx_ir.Node]:
    """Return the convolutions whose outputs, side by side, are this value; [] if others read it."""
    producer = value.producer() if value is not None else None
    if producer is None or value is None or not _has_one_reader(value):
        return []
    if producer.op_type == "Conv":
        weight = producer.inputs[1]
        is_constant = weight is not None and weight.is_initializer() and _has_one_reader(weight)
        return [producer] if is_constant and len(producer.inputs) == 2 else []
    axis = producer.attributes.get_int("axis", 1) if producer.op_type == "Concat" else 0
    if producer.op_type != "Concat" or axis != 1:
        return []
    parts = [_convolutions(graph, part) for part in producer.inputs]
    return [part[0] for part in parts] if all(len(part) == 1 for part in parts) else []


def _has_one_reader(value: onnx_ir.Value) -> bool:
    return len(value.uses()) == 1 and not value.is_graph_output()


def _fold(graph: onnx_ir.Graph, norm: onnx_ir.Node, convolutions: list[onnx_ir.Node]) -> None:
    scale, shift, mean, variance = (_numbers(value) for value in norm.inputs[1:5])
    epsilon = norm.attributes.get_float("epsilon", DEFAULT_EPSILON)
    factor = scale / np.sqrt(variance + epsilon)
    bias = shift - mean * factor
    name = str(cast("onnx_ir.Value", norm.inputs[1]).name).removesuffix(".weight")
    start = 0
    for number, convolution in enumerate(convolutions):
        weight = cast("onnx_ir.Value", convolution.inputs[1])
        numbers = _numbers(weight)
        part = slice(start, start + len(numbers))
        start += len(numbers)
        _set(weight, numbers * factor[part].reshape(-1, 1, 1, 1))
        suffix = f".{number}" if len(convolutions) > 1 else ""
        added = _initialiser(graph, f"{name}{FOLDED}{suffix}", bias[part])
        convolution.resize_inputs(3)
        convolution.replace_input_with(2, added)


def _numbers(value: onnx_ir.Value | None) -> np.ndarray:
    assert value is not None and value.const_value is not None
    return value.const_value.numpy().astype(np.float64)


def _set(value: onnx_ir.Value, numbers: np.ndarray) -> None:
    import onnx_ir

    value.const_value = onnx_ir.tensor(numbers.astype(np.float32), name=value.name)


def _initialiser(graph: onnx_ir.Graph, name: str, numbers: np.ndarray) -> onnx_ir.Value:
    import onnx_ir

    tensor = onnx_ir.tensor(numbers.astype(np.float32), name=name)
    value = onnx_ir.Value(
        name=name,
        shape=onnx_ir.Shape(numbers.shape),
        type=onnx_ir.TensorType(tensor.dtype),
        const_value=tensor,
    )
    graph.register_initializer(value)
    return value
