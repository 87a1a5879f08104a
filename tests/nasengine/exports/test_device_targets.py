"""The targets for devices, from one small network: files, figures, and verify.py of each."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest

from nasengine.core.errors import EngineError
from nasengine.execution.network_folder import load_stored
from nasengine.exports.export import archive_name, export, make_target
from tests.fixtures.stored_networks import stored

from .device_exports import EXPORTS, SMALL
from .test_archive import COMMON, verify

INT8 = ("tensorrt", "deepstream in int8", "onnx-int8", "openvino-int8")

OWN_FILES = {
    "tensorrt": {
        "build_10.sh",
        "build_11.sh",
        "build_engine.py",
        "model_fp16.onnx",
        "model_fp32.onnx",
        "model_int8.onnx",
        "onnx_runtime.py",
        "sample-2.npz",
    },
    "deepstream": {
        "config_infer_primary.txt",
        "config_infer_secondary.txt",
        "full_frame.sh",
        "labels_deepstream.txt",
        "model.onnx",
        "onnx_runtime.py",
        "secondary.sh",
    },
    "deepstream in int8": {
        "build_10.sh",
        "config_infer_primary.txt",
        "config_infer_secondary.txt",
        "full_frame.sh",
        "labels_deepstream.txt",
        "model_int8.onnx",
        "onnx_runtime.py",
        "sample-0.npz",
        "secondary.sh",
    },
    "movidius": {
        "check_ir.py",
        "convert.sh",
        "model.onnx",
        "onnx_runtime.py",
        "requirements-2022.3.txt",
    },
    "onnx": {"model.onnx", "onnx_runtime.py"},
    "onnx-int8": {"model_int8.onnx", "onnx_runtime.py", "sample-0.npz"},
    "openvino-int8": {"model.bin", "model.xml", "openvino_runtime.py", "sample-0.npz"},
}


@pytest.mark.parametrize("target", EXPORTS)
def test_the_archive_is_complete_and_verifies(exported, target):
    _, folder = exported[target]
    assert {path.name for path in folder.iterdir()} == COMMON | OWN_FILES[target]
    done = verify(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    models = json.loads((folder / "model.json").read_text())["models"]
    assert done.stdout.count("\nok      model") == len(models) >= 1


@pytest.mark.parametrize("target", INT8)
def test_the_report_compares_int8_with_float32_on_the_valid_part(exported, target):
    report, folder = exported[target]
    facts = report["quantisation"]
    assert facts["calibration"] == {"images": 16, "source": "train part of digits"}
    valid = facts["validation"]
    assert valid["source"] == "valid part of digits" and valid["images"] == 360
    assert 0 <= valid["accuracy"] <= 1 and 0 <= valid["accuracy_of_trained_network"] <= 1
    assert valid["same_class"] > 0.9
    assert valid["largest_difference"] > 0
    assert facts["layers"] >= 5, "stem, three convolutions, reduction and classifier"
    (note,) = [note for note in report["notes"] if "in int8" in note]
    assert note.endswith(f"the same class for {100 * valid['same_class']:.2f} %.")
    assert note in (folder / "README.md").read_text()


def test_every_file_of_every_target_has_a_purpose_in_the_readme(exported):
    for _, folder in exported.values():
        card = (folder / "README.md").read_text()
        assert "part of the export" not in card
        unnamed = [one.name for one in folder.iterdir() if f"| `{one.name}` | " not in card]
        assert unnamed == []


def test_tensorrt_has_a_graph_for_each_precision(exported):
    report, folder = exported["tensorrt"]
    models = {model["file"]: model for model in report["models"]}
    single, half, quantised = (
        models[f"model_{name}.onnx"]["check"] for name in ("fp32", "fp16", "int8")
    )
    assert single["largest_difference"] < 1e-4
    assert 0 < half["largest_difference"] < 1e-2
    assert half["largest_difference"] < quantised["largest_difference"]
    assert half["same_class"] == half["inputs"] == 16
    for name in models:
        (image,) = onnx.load(folder / name).graph.input
        assert image.type.tensor_type.shape.dim[0].dim_param == "batch", "batch is up to 4"
    script = (folder / "build_11.sh").read_text()
    assert "--maxShapes=image:4x1x8x8" in script
    assert report["engine"]["built"] is False or report["engine"]["check"]


def test_deepstream_reads_pixels_and_returns_probabilities(exported):
    report, folder = exported["deepstream"]
    graph = onnx.load(folder / "model.onnx").graph
    assert graph.node[-1].op_type == "Softmax"
    assert [value.name for value in graph.output] == ["probabilities"]
    assert (folder / "labels_deepstream.txt").read_text() == "0;1;2;3;4;5;6;7;8;9\n"
    config = (folder / "config_infer_primary.txt").read_text()
    for name in ("model.onnx", "labels_deepstream.txt"):
        assert f"={name}\n" in config and (folder / name).is_file()
    with np.load(folder / "sample.npz") as sample:
        assert sample["output.probabilities"].sum() == pytest.approx(1, abs=1e-5)
        assert sample["input.image"].max() > 1, "pixels from 0 to 255"
    assert report["models"][0]["check"]["largest_difference"] < 1e-4


def test_deepstream_in_int8_brings_the_script_that_builds_the_engine(exported):
    _, folder = exported["deepstream in int8"]
    script = (folder / "build_10.sh").read_text()
    assert "engine=model_int8.engine" in script and "float16)" not in script
    config = (folder / "config_infer_secondary.txt").read_text()
    assert "model-engine-file=model_int8.engine\n" in config and "network-mode=1\n" in config


def test_movidius_gets_a_fixed_batch_and_an_old_operator_set(exported):
    report, folder = exported["movidius"]
    model = onnx.load(folder / "model.onnx")
    assert [one.version for one in model.opset_import] == [11] == [report["opset"]]
    sizes = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
    assert sizes == [1, 1, 8, 8]
    assert '--input_shape "[1,1,8,8]"' in (folder / "convert.sh").read_text()
    assert report["models"][0]["check"]["largest_difference"] < 1e-4


def test_int8_without_the_data_set_is_refused(tmp_path, checks):
    place = tmp_path / "network"
    stored(place, SMALL)  # trained on another content of the data set
    with pytest.raises(EngineError, match="int8 needs images of digits for calibration"):
        export(place, "onnx-int8", tmp_path, checks=checks)
    assert list(tmp_path.glob("*.zip")) == []


@pytest.mark.parametrize("target", ["tensorrt", "deepstream", "onnx-int8", "litert"])
def test_text_is_refused_with_the_targets_that_take_it(target):
    with pytest.raises(EngineError, match="which reads text: use onnx, openvino"):
        make_target(target, {}, "text")


def test_settings_are_part_of_the_name(small):
    target = make_target("deepstream", {"batch": "8"}, "images")
    assert archive_name(load_stored(small), target).endswith("-deepstream-batch8.zip")
