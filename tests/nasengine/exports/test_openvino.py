"""Target `openvino`: IR that agrees, in float32 and float16, with settings for other devices."""

from __future__ import annotations

import json
import zipfile

import pytest

from nasengine.exports.export import export_all
from nasengine.exports.runtimes.openvino_runtime import open_model
from nasengine.exports.targets.openvino import save_ir

from .test_archive import COMMON, verify


@pytest.fixture(scope="module")
def exported(folder, checks, tmp_path_factory):
    """Two archives of one export: they share the ONNX graph."""
    targets = [("openvino", {}), ("openvino", {"fp16": True})]
    out = tmp_path_factory.mktemp("openvino")
    steps: list[str] = []
    made = export_all(
        folder, targets, out, checks=checks, report=lambda item: steps.append(item["step"])
    )
    assert steps.count("convert to ONNX") == 1
    return made


def test_both_precisions_agree(exported):
    single, half = (one.report["models"][0] for one in exported)
    assert single["check"]["largest_difference"] < 1e-4
    assert 1e-5 < half["check"]["relative_difference"] < 1e-2
    assert exported[1].archive.name.endswith("-openvino-fp16.zip")
    assert (single["precision"], half["precision"]) == ("float32", "float16")
    assert single["test"]["same_class"] == single["test"]["inputs"] == 40


def test_the_archive_is_complete_and_verifies(exported, tmp_path):
    archive = exported[-1].archive
    with zipfile.ZipFile(archive) as content:
        content.extractall(tmp_path)
    devices = {"openvino-cpu.json", "openvino-npu.json", "openvino-auto.json"}
    names = {path.name for path in tmp_path.iterdir()}
    assert names == COMMON | devices | {"model.xml", "model.bin", "openvino_runtime.py"}
    done = verify(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    npu = json.loads((tmp_path / "openvino-npu.json").read_text())
    assert npu["device"] == "NPU"
    run = open_model(tmp_path / "model.xml", settings=tmp_path / "openvino-cpu.json")
    assert callable(run)


def test_equal_graphs_give_equal_files(context, tmp_path):
    graph = context.onnx()
    for name in ("a", "b"):
        save_ir(graph.path, tmp_path / f"{name}.xml", fp16=False)
    for suffix in (".xml", ".bin"):
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    assert str(tmp_path) not in (tmp_path / "a.xml").read_text()
