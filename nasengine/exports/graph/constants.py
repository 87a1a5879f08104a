"""Constants of an ONNX graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import onnx


def fold_constant_nodes(graph: onnx.GraphProto) -> None:
    """Turn `Constant` nodes that hold a tensor into initializers, in place."""
    for node in [node for node in graph.node if node.op_type == "Constant"]:
        (attribute,) = node.attribute
        if attribute.name != "value":
            continue
        tensor = graph.initializer.add()
        tensor.CopyFrom(attribute.t)
        tensor.name = node.output[0]
        graph.node.remove(node)


def constant_values(graph: onnx.GraphProto) -> dict[str, np.ndarray]:
    """Return the initializers by name."""
    from onnx import numpy_helper

    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def drop_unused_constants(graph: onnx.GraphProto) -> None:
    """Remove the initializers that no node reads, in place."""
    used = {name for node in graph.node for name in node.input}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)
