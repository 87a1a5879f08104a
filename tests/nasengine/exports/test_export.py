"""`nasengine.export` and the command: settings, messages, progress, figures over seeds."""

from __future__ import annotations

import json
import zipfile
from importlib import util

import numpy as np
import pytest

import nasengine
from nasengine.__main__ import main
from nasengine.catalog import load
from nasengine.core import target
from nasengine.core.errors import Cancelled, EngineError, InvalidSettings, UnknownName
from nasengine.core.measurement import Measurement
from nasengine.core.target import Built, ModelFile, Target
from nasengine.execution.evaluation_result import EvaluationResult
from nasengine.execution.final_job import FinalJob, FinalOutcome
from nasengine.exports.checking import CheckSettings
from nasengine.exports.runtimes.onnx_runtime import open_model
from nasengine.exports.seeds import evaluation_figures, load_for_export
from nasengine.exports.targets.onnx import OnnxConfig
from tests.fixtures.networks import PROTOCOL, published, stored_network

NOTHING = CheckSettings(inputs=2, test_inputs=0, timing=False)


def test_the_command_writes_an_archive_and_prints_the_findings(folder, tmp_path, capsys):
    """With a free batch, probabilities and the other opset."""
    words = ["export", str(folder), "--target", "onnx", "--out", str(tmp_path), "--dynamic-batch"]
    words += ["--set", "softmax=true", "--set", "opset=20", "--test-inputs", "3", "--json"]
    assert main(words) == 0
    shown = capsys.readouterr()
    (found,) = json.loads(shown.out)
    assert found["archive"].endswith("-onnx-opset20-dynamic_batch-softmax.zip")
    assert shown.err.splitlines()[0] == "load the network"
    (model,) = found["report"]["models"]
    assert (model["check"]["inputs"], model["test"]["inputs"]) == (256, 3)
    assert model["test"]["available"] == 359
    latency = model["latency"]
    assert latency["median_ms"] > 0 and latency["threads"] == latency["batch"] == 1
    assert latency["repetitions"] >= 50 and latency["device"]
    with zipfile.ZipFile(found["archive"]) as archive:
        archive.extractall(tmp_path)
    run = open_model(tmp_path / "model.onnx")
    pixels = np.linspace(0, 255, 3 * 64, dtype=np.float32).reshape(3, 1, 8, 8)
    together = run({"image": pixels})["probabilities"]
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)
    for row in range(3):
        single = run({"image": pixels[row : row + 1]})["probabilities"]
        np.testing.assert_allclose(single, together[row : row + 1], atol=1e-5)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--target", "onxx"], "'onxx' is not among the targets; known: onnx, openvino"),
        (["--target", "onnx", "--set", "opset=19"], "opset: must be one of 18, 20 (got '19')"),
        (["--target", "onnx", "--set", "colour=1"], "--set colour: no target that is named has it"),
        (["--target", "onnx", "--set", "softmax"], "write NAME=VALUE, such as softmax=true"),
        (["--target", "onnx", "--test-inputs", "-1"], "--test-inputs must be a whole number"),
        (["--target", ","], "--target names no target"),
    ],
)
def test_wrong_options_are_one_line(words, message, folder, capsys):
    assert main(["export", str(folder), *words]) == 2
    shown = capsys.readouterr()
    assert message in shown.err and len(shown.err.splitlines()) == 1
    assert shown.out == ""


def test_a_folder_without_a_network_is_named(tmp_path, capsys):
    assert main(["export", str(tmp_path), "--target", "onnx"]) == 2
    assert "is not a stored network" in capsys.readouterr().err


def test_a_missing_library_names_the_extra(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(target, "find_spec", lambda n: None if n == "onnx" else util.find_spec(n))
    with pytest.raises(EngineError, match=r'ONNX needs onnx, .*pip install "nasengine\[export\]"'):
        nasengine.export(folder, "onnx", tmp_path)


def test_wrong_settings_of_a_target_are_refused_before_anything_is_done(folder, tmp_path):
    with pytest.raises(InvalidSettings, match="opset"):
        nasengine.export(folder, "onnx", tmp_path, config={"opset": "17"})
    with pytest.raises(UnknownName):
        nasengine.export(folder, "nothing", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_export_is_cancelled_between_steps(folder, tmp_path):
    steps: list[str] = []

    def cancelled() -> bool:
        return len(steps) == 1

    with pytest.raises(Cancelled):
        nasengine.export(
            folder,
            "onnx",
            tmp_path,
            report=lambda item: steps.append(item["step"]),
            cancelled=cancelled,
        )
    assert steps == ["load the network"]
    assert list(tmp_path.iterdir()) == []


class Zeros(Target):
    """A target whose model answers something else than the network."""

    name = "zeros"
    title = "Zeros"
    Config = OnnxConfig
    packages = ()
    reference = "torch"

    def build(self, context):
        path = context.folder_for(self.name) / "zeros.npy"
        np.save(path, np.zeros((1, 10), np.float32))
        model = ModelFile("zeros.npy", runtime=__name__, reference=self.reference)
        return Built({"zeros.npy": path}, (model,), fell_back=("every layer",), notes=("no use",))


def open_model_of_zeros(path, threads=0):
    outputs = np.load(path)
    return lambda inputs: {"logits": outputs}


@pytest.fixture
def zeros(monkeypatch):
    """Register the target; this module is its runtime."""
    monkeypatch.setattr(nasengine.catalog, "_registered", {k: {} for k in nasengine.catalog.KINDS})
    monkeypatch.setitem(globals(), "open_model", open_model_of_zeros)
    monkeypatch.setitem(globals(), "version", lambda: "zeros 1")
    nasengine.register("target", Zeros)


def test_other_outputs_are_refused(zeros, folder, tmp_path):
    with pytest.raises(EngineError, match=r"zeros.npy differs from the trained network by .*0001"):
        nasengine.export(folder, "zeros", tmp_path, checks=NOTHING)
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_differs_on_purpose_is_its_own_reference(zeros, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(Zeros, "reference", "itself")
    figures = {"test_error": {"mean": 12.0, "spread": 0.75, "seeds": 3, "unit": "%"}}
    made = nasengine.export(
        folder, "zeros", tmp_path, checks=NOTHING, licence="mit", evaluation=figures
    )
    assert made.report["models"][0]["check"]["largest_difference"] > 0.01
    assert made.report["fell_back"] == ["every layer"]
    with zipfile.ZipFile(made.archive) as archive:
        (model,) = json.loads(archive.read("model.json"))["models"]
        assert model["sample"] == "sample-0.npz"
        with archive.open("sample-0.npz") as file, np.load(file) as sample:
            assert not sample["output.logits"].any() and sample["input.image"].any()
        card = archive.read("README.md").decode()
        assert "- test_error: 12.00 ± 0.75 % (n = 3)" in card and "on average over 3 seeds" in card
        assert "The architecture in the notation of the space:" in card
        assert 'license: "mit"' in card and "- Fell back: every layer" in card


def test_figures_over_seeds_are_those_of_the_evaluation_around_a_network(tmp_path):
    architecture = published("DARTS_V2", cells="3", channels="2")
    outcomes = [outcome(seed, error) for seed, error in ((1, 10.0), (2, 13.0))]
    job = FinalJob(architecture, load("protocols", "quick"), "digits")
    result = EvaluationResult("small", job, tuple(outcomes))
    trained = result.architecture
    stored = stored_network(trained, tmp_path / "seed-1")
    assert evaluation_figures(tmp_path / "seed-1", stored) == {}
    result.save(tmp_path)
    figure = evaluation_figures(tmp_path / "seed-1", stored)["test_error"]
    assert (figure["mean"], figure["seeds"], figure["unit"]) == (11.5, 2, "%")
    assert round(figure["spread"], 3) == 2.121
    with pytest.raises(EngineError, match=r"is an evaluation with several networks: name one of "):
        load_for_export(tmp_path)
    (tmp_path / "evaluation.json").write_text("{}")
    assert evaluation_figures(tmp_path / "seed-1", stored) == {}


def outcome(seed: int, error: float) -> FinalOutcome:
    """Return the outcome of one training."""
    return FinalOutcome(
        seed,
        "done",
        measurements=(Measurement("test_error", error, "%"),),
        protocol={**PROTOCOL, "trains_on": "train+valid"},
        dataset={"name": "digits", "config": {}, "digest": "0"},
    )
