"""A small ONNX graph like those of exported networks, and a way to run graphs."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

PIXELS = np.random.default_rng(1).integers(0, 256, (4, 3, 8, 8)).astype(np.float32)


def network(batch: int | str = 1, opset: int = 18) -> onnx.ModelProto:
    """Return normalisation, two convolutions side by side, mean and a linear layer."""
    rng = np.random.default_rng(0)
    weights = {
        "mean": np.full((1, 3, 1, 1), 120, np.float32),
        "std": np.full((1, 3, 1, 1), 60, np.float32),
        "wide": rng.normal(0, 0.3, (4, 3, 3, 3)).astype(np.float32),
        "narrow": rng.normal(0, 0.3, (4, 3, 1, 1)).astype(np.float32),
        "axes": np.array([2, 3], np.int64),
        "linear": rng.normal(0, 0.5, (8, 5)).astype(np.float32),
        "bias": rng.normal(0, 0.5, 5).astype(np.float32),
        "flat": np.array([-1, 8], np.int64),
    }
    nodes = [
        helper.make_node("Sub", ["image", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "std"], ["normal"]),
        helper.make_node("Conv", ["normal", "wide"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["normal", "narrow"], ["b"]),
        helper.make_node("Concat", ["a", "b"], ["both"], axis=1),
        helper.make_node("Relu", ["both"], ["positive"]),
        helper.make_node("ReduceMean", ["positive", "axes"], ["pooled"], noop_with_empty_axes=0),
        helper.make_node("Reshape", ["pooled", "flat"], ["rows"], allowzero=1),
        helper.make_node("Gemm", ["rows", "linear", "bias"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 3, 8, 8])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, 5])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def run(model: onnx.ModelProto, pixels: np.ndarray) -> np.ndarray:
    """Return the logits of every image, one at a time."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    rows = [session.run(None, {"image": pixel[None]})[0] for pixel in pixels]
    return np.concatenate(rows)


@pytest.fixture
def model():
    return network()
