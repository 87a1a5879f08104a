"""Older operator sets: the same graph for converters that were frozen years ago.

`onnx.version_converter` has no way down from opset 18 for batch norms, arithmetic and means, so
the few operators of these networks are rewritten here by rules of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...core.errors import EngineError
from .constants import constant_values, drop_unused_constants, fold_constant_nodes

if TYPE_CHECKING:
    import numpy as np
    import onnx

# Attributes of newer versions that may go if they have this value, which is what the older
# version does anyway.
DROPPED = {
    ("AveragePool", "dilations"): [1, 1],
    ("BatchNormalization", "training_mode"): 0,
    ("ReduceMean", "noop_with_empty_axes"): 0,
    ("ReduceSum", "noop_with_empty_axes"): 0,
}
# Operators whose constant axes became an input, and the opset since which they are one.
AXES_AS_INPUT = {"ReduceMean": 18, "ReduceSum": 13, "Squeeze": 13, "Unsqueeze": 13}
# Operators that mean the same in opset 11 to 13 as in 18 once the rules above were applied.
SAME = frozenset(
    {
        "Add",
        "AveragePool",
        "BatchNormalization",
        "Clip",
        "Concat",
        "Conv",
        "Div",
        "Flatten",
        "Gather",
        "Gemm",
        "GlobalAveragePool",
        "Identity",
        "MatMul",
        "MaxPool",
        "Mul",
        "Pad",
        "ReduceMean",
        "ReduceSum",
        "Relu",
        "Reshape",
        "Sigmoid",
        "Slice",
        "Softmax",
        "Squeeze",
        "Sub",
        "Tanh",
        "Transpose",
        "Unsqueeze",
    }
)
IR_VERSIONS = {11: 6, 12: 7, 13: 7}  # of the onnx packages that brought these opsets


def to_opset(model: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    """Return a copy of the model in an older operator set.

    Args:
        model: A model in opset 18 to 20 of the default domain.
        opset: 11, 12 or 13.

    Raises:
        EngineError: the graph has an operator that the older set cannot express.
    """
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    fold_constant_nodes(copy.graph)
    values = constant_values(copy.graph)
    for node in copy.graph.node:
        _check_operator(node, opset)
        _drop_attributes(node)
        _drop_allowzero(node, values)
        _axes_to_attribute(node, values, opset)
    drop_unused_constants(copy.graph)
    del copy.graph.value_info[:]
    del copy.opset_import[:]
    copy.opset_import.append(onnx.helper.make_opsetid("", opset))
    copy.ir_version = IR_VERSIONS[opset]
    checked = onnx.shape_inference.infer_shapes(copy, strict_mode=True)
    onnx.checker.check_model(checked, full_check=True)
    return checked


def _check_operator(node: onnx.NodeProto, opset: int) -> None:
    rules: dict[str, Callable[[onnx.NodeProto], bool]] = {
        # Before opset 13 softmax works on all axes after the given one, as one.
        "Softmax": lambda node: opset >= 13 or _axis(node) == -1,
        "Pad": lambda node: len(node.input) <= 3,  # the fourth input, axes, came with opset 18
    }
    if node.op_type not in SAME or not rules.get(node.op_type, lambda _: True)(node):
        raise EngineError(
            f"operator {node.op_type} has no form in opset {opset} of ONNX: this architecture "
            "cannot be exported to that device"
        )


def _axis(node: onnx.NodeProto) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == "axis"), -1)


def _drop_attributes(node: onnx.NodeProto) -> None:
    import onnx

    for attribute in list(node.attribute):
        key = (node.op_type, attribute.name)
        if key not in DROPPED:
            continue
        value = onnx.helper.get_attribute_value(attribute)
        value = list(value) if isinstance(DROPPED[key], list) else value
        if value != DROPPED[key]:
            raise EngineError(
                f"{node.op_type} with {attribute.name}={value} has no form in older opsets of "
                "ONNX: this architecture cannot be exported to that device"
            )
        node.attribute.remove(attribute)


def _drop_allowzero(node: onnx.NodeProto, values: dict[str, np.ndarray]) -> None:
    """Remove `allowzero` of a reshape; it has no effect on shapes without a zero."""
    if node.op_type != "Reshape":
        return
    shape = values.get(node.input[1])
    if shape is None or 0 in shape:
        raise EngineError(
            "a reshape to a computed shape has no form in older opsets of ONNX: export with a "
            "fixed batch"
        )
    flags = [attribute for attribute in node.attribute if attribute.name == "allowzero"]
    for flag in flags:
        node.attribute.remove(flag)


def _axes_to_attribute(node: onnx.NodeProto, values: dict[str, np.ndarray], opset: int) -> None:
    """Turn the input `axes` of newer versions into the attribute of older ones."""
    import onnx

    if opset >= AXES_AS_INPUT.get(node.op_type, 0) or len(node.input) < 2:
        return
    axes = values.get(node.input[1])
    if axes is None:
        raise EngineError(
            f"{node.op_type} has axes that are computed: opset {opset} of ONNX needs constants"
        )
    del node.input[1]
    node.attribute.append(onnx.helper.make_attribute("axes", [int(axis) for axis in axes]))
