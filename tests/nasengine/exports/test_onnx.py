"""Target `onnx`: equal outputs, every trained parameter, nothing of training, equal bytes."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import onnx
import pytest
import torch

from nasengine.execution.network_folder import load_stored
from nasengine.exports.graph.counting import count_parameters
from nasengine.exports.graph.settings import GraphSettings
from tests.architecture.sources import ROOT

TRAINING_ONLY = {"Dropout", "RandomUniform", "Bernoulli"}


@pytest.fixture(scope="module")
def graph(exported_onnx):
    with zipfile.ZipFile(exported_onnx.archive) as archive:
        return onnx.load(io.BytesIO(archive.read("model.onnx")))


def test_the_file_gives_the_outputs_of_the_network(exported_onnx):
    (model,) = exported_onnx.report["models"]
    assert model["check"]["inputs"] == 16
    assert 0 < model["check"]["largest_difference"] < 1e-4
    assert model["test"]["same_class"] == model["test"]["inputs"] == 40
    assert model["test"]["right"] == model["test"]["right_of_trained_network"]


def test_the_file_has_every_trained_parameter(graph, folder, exported_onnx):
    network = load_stored(folder).network()
    trained = sum(parameter.numel() for parameter in network.parameters())
    count = count_parameters(graph)
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    channels = sum(norm.num_features for norm in norms)
    assert count.trained == trained == exported_onnx.report["parameters"]["trained"]
    assert (count.folded, count.statistics) == (channels, 0), "a bias for each channel"
    assert count.plain == trained - 2 * channels
    props = {prop.key: prop.value for prop in graph.metadata_props}
    assert props["nasengine.parameters"] == str(trained)


def test_nothing_of_training_and_of_this_machine_is_left(graph):
    operators = {node.op_type for node in graph.graph.node}
    assert "BatchNormalization" not in operators
    assert operators & TRAINING_ONLY == set()
    assert [value.name for value in graph.graph.input] == ["image"]
    assert not any(node.metadata_props or node.doc_string for node in graph.graph.node)
    content = graph.SerializeToString()
    assert str(ROOT).encode() not in content and b".py" not in content


def test_an_unfolded_file_has_each_parameter_as_an_initialiser(context):
    model = context.onnx(GraphSettings(fold_batch_norm=False))
    sizes = {t.name: tuple(t.dims) for t in model.load().graph.initializer}
    parameters = dict(context.network.named_parameters())
    assert all(sizes[name] == tuple(tensor.shape) for name, tensor in parameters.items())
    assert model.parameters.folded == 0
    assert model.parameters.plain == sum(tensor.numel() for tensor in parameters.values())


def test_equal_networks_give_equal_bytes(context, graph):
    again = context.onnx()
    assert again.path.read_bytes() == graph.SerializeToString(deterministic=True)


def test_pixels_are_those_of_the_data_set(context):
    """Pixels of `digits` go from 0 to 16; exported networks read 0 to 255."""
    from nasengine.data.common.named import named_dataset

    pixels = context.examples().valid(360).inputs["image"]
    assert (pixels.min(), pixels.max()) == (0, 255)
    valid = named_dataset("digits", {}).search_parts()[1]
    with torch.no_grad():
        wanted = context.network(valid.images).numpy()
        found = context.model()(torch.from_numpy(pixels)).numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5)
