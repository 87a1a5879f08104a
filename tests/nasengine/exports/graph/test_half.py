"""Float16 inside, float32 outside: the graph itself says so, and the outputs stay close."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from nasengine.core.errors import EngineError
from nasengine.exports.graph.half import to_half

from .conftest import PIXELS, network, run


def types(model):
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    values = (*inferred.graph.input, *inferred.graph.value_info, *inferred.graph.output)
    return {value.name: value.type.tensor_type.elem_type for value in values}


def test_inputs_and_outputs_stay_float32_and_layers_are_float16(model):
    half = to_half(model)
    found = types(half)
    assert found["image"] == found["logits"] == TensorProto.FLOAT
    assert found["centred"] == found["normal"] == TensorProto.FLOAT, "normalisation keeps digits"
    assert found["pooled"] == TensorProto.FLOAT, "a sum over the whole map could overflow"
    assert {found[name] for name in ("a", "b", "both", "positive")} == {TensorProto.FLOAT16}
    weights = {tensor.name: tensor.data_type for tensor in half.graph.initializer}
    assert weights["wide_half"] == TensorProto.FLOAT16 and weights["mean"] == TensorProto.FLOAT
    assert "wide" not in weights, "the float32 copy is gone"
    assert weights["axes"] == weights["flat"] == TensorProto.INT64


def test_every_change_of_precision_is_one_cast(model):
    casts = [node for node in to_half(model).graph.node if node.op_type == "Cast"]
    assert [(node.input[0], node.output[0]) for node in casts] == [
        ("normal", "normal_half"),  # read by both convolutions
        ("positive", "positive_single"),
        ("pooled", "pooled_half") if casts[2].input[0] == "pooled" else ("rows", "rows_half"),
        ("logits_half", "logits"),
    ]


def test_outputs_are_close_and_classes_agree(model):
    single, half = run(model, PIXELS), run(to_half(model), PIXELS)
    assert 0 < np.abs(single - half).max() < 1e-2
    assert (single.argmax(1) == half.argmax(1)).all()


def test_the_original_is_untouched(model):
    before = model.SerializeToString()
    to_half(model)
    assert model.SerializeToString() == before


def test_shapes_that_are_computed_stay_integers():
    """A free batch brings arithmetic on shapes: Concat and Mul of integers are no layers."""
    model = network("batch")
    graph = model.graph
    reshape = next(node for node in graph.node if node.op_type == "Reshape")
    reshape.input[1] = "computed"
    graph.initializer.append(numpy_helper.from_array(np.array([8], np.int64), "eight"))
    position = list(graph.node).index(reshape)
    graph.node.insert(position, helper.make_node("Shape", ["pooled"], ["size"], start=0, end=1))
    graph.node.insert(
        position + 1, helper.make_node("Concat", ["size", "eight"], ["computed"], axis=0)
    )
    half = to_half(model)
    assert types(half)["computed"] == TensorProto.INT64
    assert np.abs(run(model, PIXELS) - run(half, PIXELS)).max() < 1e-2


def test_a_weight_beyond_float16_is_refused(model):
    tensor = next(one for one in model.graph.initializer if one.name == "narrow")
    tensor.CopyFrom(numpy_helper.from_array(np.full((4, 3, 1, 1), 7e4, np.float32), "narrow"))
    with pytest.raises(EngineError, match=r"weight narrow has a value of 70000, and float16"):
        to_half(model)
