"""Which nodes of an ONNX graph normalise the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

ARITHMETIC = frozenset({"Add", "Cast", "Div", "Mul", "Sub"})


def preprocessing_outputs(graph: onnx.GraphProto) -> set[str]:
    """Return the outputs of the nodes that only combine the graph's input with constants.

    These turn pixels from 0 to 255 into normalised values. They stay in float32 whatever
    precision the network has: a pixel's 256 values and their normalised forms need more digits
    than int8 has.
    """
    constants = {tensor.name for tensor in graph.initializer}
    constants |= {node.output[0] for node in graph.node if node.op_type == "Constant"}
    reached = {value.name for value in graph.input}
    found: set[str] = set()
    for node in graph.node:
        if node.op_type in ARITHMETIC and _combines(node, reached, constants):
            found.update(node.output)
            reached.update(node.output)
    return found


def _combines(node: onnx.NodeProto, reached: set[str], constants: set[str]) -> bool:
    """Return whether a node reads the image and otherwise only constants."""
    names = set(node.input)
    return bool(names & reached) and names <= reached | constants
