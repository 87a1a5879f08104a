"""Int8: weights per channel, normalisation in float32, a form for each runtime."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from nasengine.exports.graph.quantise import METHODS, QuantisationSettings, quantise

from .conftest import PIXELS, network, run


def quantised(tmp_path, **settings):
    source, result = tmp_path / "source.onnx", tmp_path / "int8.onnx"
    onnx.save(network(), source)
    layers = quantise(source, result, {"image": PIXELS}, QuantisationSettings(**settings))
    return onnx.load(result), layers


@pytest.fixture(scope="module")
def for_runtime(tmp_path_factory):
    return quantised(tmp_path_factory.mktemp("runtime"))


@pytest.fixture(scope="module")
def for_tensorrt(tmp_path_factory):
    return quantised(tmp_path_factory.mktemp("tensorrt"), for_tensorrt=True)


def constants(model):
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def weight_nodes(model):
    """Return the dequantisation of each layer's weights."""
    makers = {node.output[0]: node for node in model.graph.node}
    layers = [node for node in model.graph.node if node.op_type in ("Conv", "Gemm")]
    return [(layer, makers[layer.input[1]]) for layer in layers]


@pytest.mark.parametrize("kind", ["for_runtime", "for_tensorrt"])
def test_weights_are_int8_with_one_scale_per_output_channel(kind, request):
    model, layers = request.getfixturevalue(kind)
    values = constants(model)
    assert layers == len(weight_nodes(model)) == 3
    for layer, node in weight_nodes(model):
        assert node.op_type == "DequantizeLinear"
        weights, scales = (values[name] for name in node.input[:2])
        assert weights.dtype == np.int8
        assert scales.shape == (weights.shape[0 if layer.op_type == "Conv" else 1],)


@pytest.mark.parametrize("kind", ["for_runtime", "for_tensorrt"])
def test_the_normalisation_stays_float32(kind, request):
    model, _ = request.getfixturevalue(kind)
    nodes = {node.output[0]: node for node in model.graph.node}
    assert list(nodes["centred"].input) == ["image", "mean"]
    assert list(nodes["normal"].input) == ["centred", "std"]
    assert constants(model)["std"].dtype == np.float32


def test_tensorrt_gets_symmetric_scales_and_float32_biases(for_tensorrt):
    model, _ = for_tensorrt
    values = constants(model)
    zeros = [node.input[2] for node in model.graph.node if node.op_type == "QuantizeLinear"]
    assert zeros and all((values[name] == 0).all() for name in zeros)
    assert all(values[name].dtype == np.int8 for name in zeros)
    gemm = next(node for node in model.graph.node if node.op_type == "Gemm")
    assert values[gemm.input[2]].dtype == np.float32
    assert not any(tensor.data_type == TensorProto.INT32 for tensor in model.graph.initializer)


def test_outputs_stay_close(for_runtime, for_tensorrt):
    wanted = run(network(), PIXELS)
    for model, _ in (for_runtime, for_tensorrt):
        found = run(model, PIXELS)
        assert 0 < np.abs(found - wanted).max() < 0.05 * np.abs(wanted).max()
        assert (found.argmax(1) == wanted.argmax(1)).all()


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_a_model(tmp_path, method):
    model, layers = quantised(tmp_path, method=method)
    assert layers == 3
    assert np.isfinite(run(model, PIXELS)).all()
