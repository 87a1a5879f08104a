"""nasengine.evaluate: seeds, mean and spread, continuing, Ctrl-C, and what is refused."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest

import nasengine
from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.data.common.named import named_dataset
from nasengine.execution import final_evaluation
from nasengine.execution.evaluation_result import EvaluationResult
from nasengine.execution.final_evaluation import prepare, seeds_of
from nasengine.execution.subjects import architecture_of
from tests.fixtures.stored_networks import tiny

SMALL = {"limit": 400}
NAME = "quick (batch_size 20, epochs 1)"
QUICK = {
    "epochs": 1,
    "threads": 1,
    "device": "cpu",
    "dataset": "digits",
    "dataset_config": SMALL,
    "settings": {"batch_size": 20},
}


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """Two seeds of one epoch: the result, and what was reported."""
    reports: list = []
    result = nasengine.evaluate(
        tiny(), seeds=2, folder=tmp_path_factory.mktemp("evaluation"), name="tiny",
        report=lambda seed, point: reports.append((seed, point["epoch"])), **QUICK,
    )  # fmt: skip
    return result, reports


def trainings(monkeypatch):
    """Return the list of the seeds that are trained from now on."""
    seeds, original = [], final_evaluation.train_once

    def train_once(job, *rest, **more):
        seeds.append(job.seed)
        return original(job, *rest, **more)

    monkeypatch.setattr(final_evaluation, "train_once", train_once)
    return seeds


def test_mean_and_spread_are_those_of_the_seeds(evaluated):
    result, reports = evaluated
    assert reports == [(1, 1), (2, 1)]
    assert result.seeds == (1, 2)
    values = [outcome.values["test_error"] for outcome in result.outcomes]
    assert values[0] != values[1]
    assert (result.mean, result.std) == (statistics.fmean(values), statistics.stdev(values))
    figure = result.figure()
    assert (figure.n, figure.unit) == (2, "%")
    assert str(figure) == f"{figure.mean:.2f} ± {figure.std:.2f} % (n = 2)"
    assert result.figure("params").std == 0
    assert [len(curve) for curve in result.curves.values()] == [1, 1]
    assert result.protocol == NAME
    assert result.job.dataset_config == SMALL


def test_the_networks_have_the_measured_errors(evaluated):
    result, _ = evaluated
    test = named_dataset("digits", {}).test_part()
    for outcome in result.outcomes:
        answers = result.network(outcome.seed)(test.images).argmax(1)
        assert 100 * (answers != test.labels).float().mean() == pytest.approx(
            outcome.values["test_error"]
        )
    with pytest.raises(EngineError, match="no network of seed 9; seeds that are done: 1, 2"):
        result.network(9)


def test_the_protocol_is_next_to_the_figure(evaluated):
    text = repr(evaluated[0])
    assert f"protocol     {NAME} on digits" in text
    assert "± " in text and "(n = 2)" in text and "seed 2" in text
    assert f"{NAME} on digits" in evaluated[0]._repr_html_()


def test_a_saved_evaluation_is_loaded(evaluated, tmp_path):
    result, _ = evaluated
    loaded = EvaluationResult.load(result.folder)
    assert loaded == result and loaded.networks == result.networks
    assert result.save(tmp_path).name == "evaluation.json"
    value = json.loads((tmp_path / "evaluation.json").read_text())
    assert value["protocol"] == NAME
    assert value["figures"][0]["mean"] == result.mean
    assert value["protocol_key"] == result.protocol_key


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "cannot be read"), ("{", "damaged"), ("{}", "damaged"), ("[]", "damaged"),
     ('{"kind": "run", "version": 1}', "no evaluation of version 1")],
)  # fmt: skip
def test_another_file_is_no_evaluation(tmp_path, text, message):
    if text is not None:
        (tmp_path / "evaluation.json").write_text(text)
    with pytest.raises(EngineError, match=message):
        EvaluationResult.load(tmp_path)


def test_the_same_folder_continues_with_other_seeds(evaluated, monkeypatch):
    result, _ = evaluated
    trained = trainings(monkeypatch)
    again = nasengine.evaluate(tiny(), seeds=[3, 1], folder=result.folder, **QUICK)
    assert trained == [3] and again.seeds == (1, 2, 3)
    with pytest.raises(EngineError, match="another network, protocol or data set"):
        nasengine.evaluate(tiny(seed=1), folder=result.folder, **QUICK)
    with pytest.raises(EngineError, match="another network, protocol or data set"):
        nasengine.evaluate(tiny(), folder=result.folder, **{**QUICK, "epochs": 2})


def test_a_damaged_network_is_trained_again(tmp_path, monkeypatch):
    first = nasengine.evaluate(tiny(), seeds=1, folder=tmp_path, **QUICK)
    weights = tmp_path / "seed-1" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    trained = trainings(monkeypatch)
    again = nasengine.evaluate(tiny(), seeds=1, folder=tmp_path, **QUICK)
    assert trained == [1] and again.mean == first.mean
    assert again.outcomes[0].network["weights"] == first.outcomes[0].network["weights"]


def test_ctrl_c_returns_what_is_finished(tmp_path):
    def report(seed, point):
        if seed == 2:
            raise KeyboardInterrupt

    result = nasengine.evaluate(tiny(), seeds=3, folder=tmp_path, report=report, **QUICK)
    assert [(outcome.seed, outcome.state) for outcome in result.outcomes] == [
        (1, "done"),
        (2, "cancelled"),
    ]
    assert [outcome.epochs for outcome in result.outcomes] == [1, 1]
    assert result.figure().n == 1 and result.std is None
    assert EvaluationResult.load(tmp_path) == result


def test_a_cancelled_evaluation_has_no_figure(tmp_path):
    result = nasengine.evaluate(tiny(), folder=tmp_path, cancelled=lambda: True, **QUICK)
    assert [outcome.state for outcome in result.outcomes] == ["cancelled"]
    assert result.protocol_key is None and "cancelled" in repr(result)
    with pytest.raises(EngineError, match="has a value for test_error"):
        result.figure()


def test_architectures_are_named_in_several_ways():
    architecture = tiny()
    for value in (architecture, architecture.to_json(), architecture.canonical):
        assert architecture_of(value) == architecture
    assert architecture_of({"architecture": architecture.to_json()}) == architecture
    published = nasengine.load_plugin("networks", "DARTS_V2")
    assert architecture_of("DARTS_V2") == published
    assert prepare("DARTS_V2", protocol="quick")[1] == "DARTS_V2"


def test_a_candidate_brings_its_data_set(tmp_path):
    result = nasengine.search(
        space="nb201", strategy="random", candidates=1, objectives=["params"], progress=False,
        space_config={"cells": 1, "channels": 4}, dataset_config={"limit": 200},
    )  # fmt: skip
    job, name = prepare(result.candidates[0], protocol="quick")
    assert (job.dataset, job.dataset_config["limit"], name) == ("digits", 200, "candidate 0")
    assert job.architecture == result.candidates[0].architecture


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("nothing", "neither a published network"),
        ("{", "is not JSON"),
        ({"space": "cell"}, "it needs space, config and genome"),
        ({"space": 1, "config": {}, "genome": 0}, "space must be text"),
        (7, "is no architecture"),
        ({"space": "nb201", "config": {}, "genome": "|x~0|"}, "genome|x~0"),
    ],
)
def test_a_wrong_architecture_is_refused(value, message):
    with pytest.raises(EngineError, match=message):
        architecture_of(value)


def test_seeds_are_a_number_or_a_list():
    assert seeds_of(3) == (1, 2, 3)
    assert seeds_of([5, 0]) == (5, 0)
    for wrong in (0, 1001, True, [], [1, 1], [-1], ["1"], "12", 1.5, None):
        with pytest.raises(EngineError, match="seeds must be"):
            seeds_of(wrong)


def test_texts_and_numbers_are_the_same_change():
    one, _ = prepare(tiny(), protocol="darts-cifar10", dataset="digits", changes={"epochs": "2"})
    two, _ = prepare(tiny(), protocol="darts-cifar10", dataset="digits", changes={"epochs": 2})
    assert one == two and one.protocol.name == "darts-cifar10 (epochs 2)"
    same, _ = prepare(
        tiny(), protocol="darts-cifar10", dataset="digits",
        changes={"epochs": 600, "label_smoothing": 0.0},
    )  # fmt: skip
    assert same.protocol.name == "darts-cifar10"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epoch": 2}, "settings.epoch: no such setting"),
        ({"epochs": "x"}, "settings.epochs: must be a whole number"),
        ({"device": "cpu"}, "settings.device: is not part of a protocol"),
    ],
)
def test_a_wrong_change_is_refused(changes, message):
    with pytest.raises(InvalidSettings, match=message):
        prepare(tiny(), protocol="quick", changes=changes)


def test_without_a_folder_the_networks_are_in_a_temporary_one():
    result = nasengine.evaluate(tiny(), seeds=[7], **QUICK)
    assert Path(result.folder).is_dir() and result.stored().seed == 7
