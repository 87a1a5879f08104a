"""Float16 inside an ONNX graph whose input and output stay float32.

TensorRT 11 has no precision flags: the types in the graph decide. So the casts are part of the
file, and every runtime that reads it computes in the same precision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.errors import EngineError
from .constants import drop_unused_constants, fold_constant_nodes
from .preprocessing import preprocessing_outputs

if TYPE_CHECKING:
    import onnx

# Operators that compute in float16; the others stay in float32. Sums over a whole feature map
# and exponentials are not here: they lose digits or overflow in float16.
HALF_OPERATORS = frozenset(
    {
        "Add",
        "AveragePool",
        "BatchNormalization",
        "Clip",
        "Concat",
        "Conv",
        "Flatten",
        "Gemm",
        "Identity",
        "MatMul",
        "MaxPool",
        "Mul",
        "Pad",
        "Relu",
        "Reshape",
        "Slice",
        "Split",
        "Sub",
        "Transpose",
    }
)
LARGEST_HALF = 65504.0


def to_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy that computes in float16 between a cast after the input and one at the end.

    The arithmetic on the input (normalisation), means over feature maps and softmax stay in
    float32.

    Raises:
        EngineError: a weight is too large for float16.
    """
    import onnx

    copy = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    fold_constant_nodes(copy.graph)
    _Casting(copy.graph).run()
    del copy.graph.value_info[:]
    checked = onnx.shape_inference.infer_shapes(copy, strict_mode=True)
    onnx.checker.check_model(checked)
    return checked


class _Casting:
    """One pass over a graph in topological order that inserts casts between precisions."""

    def __init__(self, graph: onnx.GraphProto):
        self.graph = graph
        self.weights = {tensor.name: tensor for tensor in graph.initializer}
        self.singles = _single_tensors(graph)  # those that are float32 in the original graph
        self.half_tensors: set[str] = set()  # outputs of float16 nodes
        self.float_tensors = {v.name for v in graph.input if v.name in self.singles}
        self.cast_names: dict[tuple[str, bool], str] = {}
        self.nodes: list[onnx.NodeProto] = []

    def run(self) -> None:
        """Rewrite nodes, initializers and the types of the graph."""
        outputs = {value.name for value in self.graph.output}
        kept = preprocessing_outputs(self.graph)
        for node in list(self.graph.node):
            first = node.output[0]
            half = node.op_type in HALF_OPERATORS and first in self.singles and first not in kept
            self._retype_inputs(node, half=half)
            self.nodes.append(node)
            for index, name in enumerate(node.output):
                if half and name in outputs:
                    node.output[index] = f"{name}_half"
                    self.nodes.append(self._cast(f"{name}_half", name, half=False))
                elif name in self.singles:
                    (self.half_tensors if half else self.float_tensors).add(name)
        del self.graph.node[:]
        self.graph.node.extend(self.nodes)
        drop_unused_constants(self.graph)

    def _retype_inputs(self, node: onnx.NodeProto, *, half: bool) -> None:
        for index, name in enumerate(node.input):
            if name in self.weights:
                node.input[index] = self._weight(name, half=half)
            elif (half and name in self.float_tensors) or (not half and name in self.half_tensors):
                node.input[index] = self._converted(name, half=half)

    def _weight(self, name: str, *, half: bool) -> str:
        """Return the name of an initializer in the wanted precision."""
        import numpy as np
        from onnx import TensorProto, numpy_helper

        tensor = self.weights[name]
        if not half or tensor.data_type != TensorProto.FLOAT:
            return name
        key = (name, True)
        if key not in self.cast_names:
            values = numpy_helper.to_array(tensor)
            largest = float(np.abs(values).max(initial=0.0))
            if largest > LARGEST_HALF:
                raise EngineError(
                    f"weight {name} has a value of {largest:g}, and float16 ends at "
                    f"{LARGEST_HALF:g}: export in float32"
                )
            self.cast_names[key] = f"{name}_half"
            halved = numpy_helper.from_array(values.astype(np.float16), f"{name}_half")
            self.graph.initializer.append(halved)
        return self.cast_names[key]

    def _converted(self, name: str, *, half: bool) -> str:
        """Return the name of a tensor in the other precision, casting it once."""
        key = (name, half)
        if key not in self.cast_names:
            self.cast_names[key] = f"{name}_{'half' if half else 'single'}"
            self.nodes.append(self._cast(name, self.cast_names[key], half=half))
        return self.cast_names[key]

    @staticmethod
    def _cast(source: str, result: str, *, half: bool) -> onnx.NodeProto:
        from onnx import TensorProto, helper

        to = TensorProto.FLOAT16 if half else TensorProto.FLOAT
        return helper.make_node("Cast", [source], [result], name=f"cast_{result}", to=to)


def _single_tensors(graph: onnx.GraphProto) -> set[str]:
    """Return the inputs, outputs and values between nodes that are float32, not shapes."""
    from onnx import TensorProto

    values = (*graph.input, *graph.value_info, *graph.output)
    single = TensorProto.FLOAT
    return {value.name for value in values if value.type.tensor_type.elem_type == single}
