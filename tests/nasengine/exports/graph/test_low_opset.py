"""Older operator sets: the checker accepts them and the outputs are the same."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

from nasengine.core.errors import EngineError
from nasengine.exports.graph.low_opset import IR_VERSIONS, to_opset

from .conftest import PIXELS, run


@pytest.mark.parametrize("opset", [11, 12, 13])
def test_the_same_outputs_in_an_older_set(model, opset):
    low = to_opset(model, opset)
    assert [(one.domain, one.version) for one in low.opset_import] == [("", opset)]
    assert low.ir_version == IR_VERSIONS[opset]
    onnx.checker.check_model(low, full_check=True)
    np.testing.assert_array_equal(run(low, PIXELS), run(model, PIXELS))


def test_axes_become_an_attribute(model):
    node = next(one for one in to_opset(model, 11).graph.node if one.op_type == "ReduceMean")
    attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    assert attributes == {"axes": [2, 3]} and list(node.input) == ["positive"]


def replaced(model, operator, node):
    """Put another node in the place of the first with this operator."""
    position = [one.op_type for one in model.graph.node].index(operator)
    model.graph.node[position].CopyFrom(node)
    return model


@pytest.mark.parametrize(
    ("operator", "node", "message"),
    [
        (
            "Relu",
            helper.make_node("HardSwish", ["both"], ["positive"]),
            "operator HardSwish has no form in opset 13",
        ),
        (
            "Relu",
            helper.make_node("Pad", ["both", "flat", "", "axes"], ["positive"]),
            "operator Pad has no form in opset 13",
        ),
        (
            "Reshape",
            helper.make_node("Reshape", ["pooled", "positive"], ["rows"]),
            "a reshape to a computed shape",
        ),
        (
            "ReduceMean",
            helper.make_node("ReduceMean", ["positive", "both"], ["pooled"]),
            "ReduceMean has axes that are computed",
        ),
        (
            "ReduceMean",
            helper.make_node("ReduceMean", ["positive", "axes"], ["x"], noop_with_empty_axes=1),
            "ReduceMean with noop_with_empty_axes=1 has no form",
        ),
    ],
)
def test_what_an_older_set_cannot_express_is_refused(model, operator, node, message):
    with pytest.raises(EngineError, match=message):
        to_opset(replaced(model, operator, node), 13)


def test_softmax_over_another_axis_than_the_last_changed_its_meaning(model):
    with pytest.raises(EngineError, match="operator Softmax has no form in opset 11"):
        node = helper.make_node("Softmax", ["both"], ["positive"], axis=1)
        to_opset(replaced(model, "Relu", node), 11)
