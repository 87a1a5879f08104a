"""Networks of other spaces, odd sizes, and one step of a recurrent cell.

benchmarks/exports.py does the same with 20 networks of each space at three sizes.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nasengine.catalog import load
from nasengine.core.settings import from_mapping
from nasengine.data.common.named import named_dataset
from nasengine.execution.network_folder import load_stored
from nasengine.exports.archive.facts import preprocessing_facts
from nasengine.exports.context import ExportContext
from nasengine.exports.differences import compare
from nasengine.exports.examples import spread
from nasengine.exports.export import export
from nasengine.exports.runtimes.onnx_runtime import open_model
from tests.fixtures.dataset_files import write_class_folders, write_text_parts
from tests.fixtures.networks import published, stored_network

TOLERANCE = 1e-5


def context_of(architecture, folder, **changes) -> ExportContext:
    """Store a network and return the context of its export; inputs are noise of any shape."""
    missing = {"name": "digits", "config": {}, "digest": "of another data set"}
    stored_network(architecture, folder / "network", **{"dataset_facts": missing, **changes})
    return ExportContext(load_stored(folder / "network"), folder / "work")


def sampled(space: str, seed: int = 0, **settings):
    """Return a random architecture."""
    space_class = load("spaces", space)
    config = from_mapping(space_class.Config, settings)
    return space_class(config).sample(np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("space", "settings", "shape"),
    [
        ("topology", {"channels": 4}, (1, 8, 8)),
        ("enas-macro", {"layers": 4, "channels": 4}, (3, 10, 10)),
        ("chain-condensenet", {"blocks": 2, "stages": "1,2"}, (3, 8, 8)),
    ],
)
def test_networks_of_other_spaces_agree(space, settings, shape, tmp_path):
    context = context_of(sampled(space, **settings), tmp_path, input_shape=shape)
    model = context.onnx()
    found = compare(open_model(model.path), context.examples().valid(4), "logits")
    assert found.excess < TOLERANCE
    assert found.same_class == found.inputs == 4
    assert found.source == "random pixels" and found.right is None
    assert "other content" in context.examples().missing
    parameters = dict(context.network.named_parameters())
    assert model.parameters.trained == sum(tensor.numel() for tensor in parameters.values())


def test_an_odd_size_is_exported(tmp_path):
    """Factorized reductions add a row and a column of zeros to odd maps."""
    architecture = published("DARTS_V1", cells="1", channels="2")
    context = context_of(architecture, tmp_path, input_shape=(1, 9, 7))
    model = context.onnx()
    found = compare(open_model(model.path), context.examples().valid(4), "logits")
    assert found.excess < TOLERANCE


def test_operations_that_are_not_read_are_left_out(tmp_path):
    """The last cell's node 1 is read by nothing but `none`."""
    space = load("spaces", "nb201")
    parsed = space(from_mapping(space.Config, {"cells": 1, "channels": 4})).parse(
        "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"
    )
    context = context_of(parsed, tmp_path)
    model = context.onnx()
    assert model.unused == sum(
        3 * 3 * channels * channels + 2 * channels for channels in (4, 8, 16)
    )
    network = sum(tensor.numel() for tensor in context.network.parameters())
    assert model.parameters.trained + model.unused == network
    found = compare(open_model(model.path), context.examples().valid(4), "logits")
    assert found.excess < TOLERANCE


def test_pixels_of_files_that_are_read_one_by_one(tmp_path):
    """`image-folder` decodes images when they are needed; the normalisation is in the model."""
    folder = write_class_folders(tmp_path / "photos")
    config = {"path": str(folder), "size": 8, "valid_share": 0.2, "workers": 0}
    architecture = published("DARTS_V2", cells="1", channels="2")
    stored = stored_network(architecture, tmp_path / "network", "image-folder", config)
    context = ExportContext(stored, tmp_path)
    examples, part = context.examples().valid(5), named_dataset("image-folder", config)
    assert examples.source == "valid part of image-folder" and len(examples) == 5
    pixels = examples.inputs["image"]
    assert np.array_equal(pixels, pixels.round()) and pixels.max() > 1
    images = part.final_parts()[1].images[spread(examples.available, 5)]
    with torch.no_grad():
        wanted = context.network(images)
    np.testing.assert_allclose(examples.outputs["logits"], wanted.numpy(), atol=1e-5)
    outside = preprocessing_facts(stored)["outside_the_model"]
    assert outside == "resize the shorter side to 9, then crop the centre of 8 x 8"


@pytest.fixture(scope="module")
def recurrent(tmp_path_factory, checks):
    """The archive of a recurrent network for a small text."""
    folder = tmp_path_factory.mktemp("recurrent")
    config = {"path": str(write_text_parts(folder / "corpus")), "words": "blanks"}
    architecture = published("DARTS_V2_RNN", hidden="8")
    stored_network(architecture, folder / "network", "text", config)
    return export(folder / "network", "onnx", folder, checks=checks)


def test_a_recurrent_cell_is_one_step_with_state(recurrent, tmp_path):
    import zipfile

    with zipfile.ZipFile(recurrent.archive) as archive:
        archive.extractall(tmp_path)
    assert not (tmp_path / "preprocessing.json").exists()
    words = (tmp_path / "labels.txt").read_text().split("\n")[:-1]
    assert words[:2] == ["<unk>", "<eos>"]
    run = open_model(tmp_path / "model.onnx")
    state = np.zeros((1, 8), np.float32)
    for word in (2, 0, 1):
        outputs = run({"word": np.array([word]), "state": state})
        assert outputs["logits"].shape == (1, len(words))
        assert not np.array_equal(outputs["next_state"], state)
        state = outputs["next_state"]


def test_a_recurrent_cell_agrees_on_a_text(recurrent):
    (model,) = recurrent.report["models"]
    assert model["check"]["source"] == "valid part of text"
    assert model["check"]["relative_difference"] < TOLERANCE
    assert model["test"]["same_class"] == model["test"]["inputs"] == 40
    assert model["test"]["right"] == model["test"]["right_of_trained_network"]
    assert "corpus" not in str(recurrent.report)
