"""Every key of the configurations, read by a parser and held against the table of nvinfer."""

from __future__ import annotations

import configparser

import pytest

from nasengine.core.errors import EngineError
from nasengine.core.settings import InvalidSettings, from_mapping
from nasengine.exports.targets.deepstream.nvinfer import (
    Classifier,
    color_format,
    full_frame_config,
    labels_text,
    secondary_config,
)
from nasengine.exports.targets.deepstream.target import DeepStreamConfig

# The keys of section [property] that DeepStream 9.2 documents, and the values that fit here.
TABLE = {
    "gpu-id": r"0",
    "gie-unique-id": r"[12]",
    "process-mode": r"[12]",
    "onnx-file": r"[\w.]+\.onnx",
    "model-engine-file": r"[\w.]+\.engine",
    "labelfile-path": r"[\w.]+\.txt",
    "network-type": r"1",
    "network-mode": r"[012]",
    "batch-size": r"\d+",
    "interval": r"\d+",
    "infer-dims": r"\d+;\d+;\d+",
    "model-color-format": r"[02]",
    "net-scale-factor": r"1",
    "offsets": r"0(;0)*",
    "maintain-aspect-ratio": r"0",
    "classifier-threshold": r"0\.\d+",
    "classifier-type": r"\w+",
    "classifier-async-mode": r"1",
    "operate-on-gie-id": r"1",
    "input-object-min-width": r"\d+",
    "input-object-min-height": r"\d+",
    "secondary-reinfer-interval": r"\d+",
    "workspace-size": r"\d+",
}
ONLY_SECONDARY = {
    "operate-on-gie-id",
    "input-object-min-width",
    "input-object-min-height",
    "secondary-reinfer-interval",
    "classifier-async-mode",
}


def classifier(**changes):
    values = {
        "image": (3, 32, 48),
        "precision": "float16",
        "threshold": 0.25,
        "name": "vehicle",
        "batch": 16,
        "interval": 2,
        "min_object": 24,
        "reinfer_interval": 30,
        "workspace_mib": 512,
    }
    return Classifier(**{**values, **changes})


def properties(text):
    parser = configparser.ConfigParser(strict=True, delimiters=("=",))
    parser.read_string(text)
    assert parser.sections() == ["property"]
    return dict(parser["property"])


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
@pytest.mark.parametrize("config", [full_frame_config, secondary_config])
def test_every_key_is_one_of_nvinfer_with_a_value_it_takes(config, precision, assert_matches):
    found = properties(config(classifier(precision=precision)))
    assert set(found) <= set(TABLE)
    for key, value in found.items():
        assert_matches(TABLE[key], value)


@pytest.fixture
def assert_matches():
    import re

    def check(pattern, value):
        assert re.fullmatch(pattern, value), (pattern, value)

    return check


def test_full_frames_and_objects_differ_in_the_mode_and_in_filters():
    frames = properties(full_frame_config(classifier()))
    objects = properties(secondary_config(classifier()))
    assert (frames["process-mode"], objects["process-mode"]) == ("1", "2")
    assert frames["interval"] == "2" and "interval" not in objects
    assert set(objects) - set(frames) == ONLY_SECONDARY
    assert objects["gie-unique-id"] != objects["operate-on-gie-id"]
    assert objects["input-object-min-width"] == objects["input-object-min-height"] == "24"


def test_the_graph_normalises_so_nvinfer_passes_pixels_on():
    found = properties(full_frame_config(classifier()))
    assert float(found["net-scale-factor"]) == 1
    assert found["offsets"] == "0;0;0"
    assert found["infer-dims"] == "3;32;48"


@pytest.mark.parametrize(
    ("precision", "mode", "model", "engine"),
    [
        ("float32", "0", "model.onnx", "model.onnx_b16_gpu0_fp32.engine"),
        ("int8", "1", "model_int8.onnx", "model_int8.engine"),
        ("float16", "2", "model.onnx", "model.onnx_b16_gpu0_fp16.engine"),
    ],
)
def test_the_mode_and_the_cached_engine_follow_the_precision(precision, mode, model, engine):
    found = properties(secondary_config(classifier(precision=precision)))
    assert (found["network-mode"], found["onnx-file"]) == (mode, model)
    assert found["model-engine-file"] == engine


def test_images_have_one_or_three_channels():
    grey = properties(full_frame_config(classifier(image=(1, 8, 8))))
    assert (grey["model-color-format"], grey["offsets"]) == ("2", "0")
    assert properties(full_frame_config(classifier()))["model-color-format"] == "0"
    with pytest.raises(EngineError, match=r"images of 1 or 3 channels, this network reads 4"):
        color_format(4)


def test_labels_are_one_line_separated_by_semicolons():
    assert labels_text(["cat", "big dog", "9"]) == "cat;big dog;9\n"
    for label in ("cat;dog", "two\nlines"):
        with pytest.raises(EngineError, match="has a semicolon or a control character"):
            labels_text(["cat", label])


@pytest.mark.parametrize("attribute", ["two words", "", "a=b", "1st"])
def test_the_attribute_is_one_word(attribute):
    with pytest.raises(InvalidSettings, match="must be one word"):
        from_mapping(DeepStreamConfig, {"attribute": attribute})
