"""`python -m nasengine train`: figures with their protocol, exit codes, one-line errors."""

from __future__ import annotations

import json

import pytest

import nasengine
from nasengine.__main__ import main
from nasengine.execution.evaluation_result import EvaluationResult
from tests.fixtures.stored_networks import tiny

SMALL = ("--cells", "2", "--channels", "4", "--epochs", "1", "--threads", "1")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The published network in a small size, trained on the command line: status and folder."""
    folder = tmp_path_factory.mktemp("trained") / "out"
    status = main(["train", "DARTS_V2", *SMALL, "--seeds", "1", "--out", str(folder), "--quiet"])
    return status, folder


def test_the_networks_and_the_result_are_in_the_folder(trained):
    status, folder = trained
    assert status == 0
    result = EvaluationResult.load(folder)
    assert (result.name, result.protocol) == ("DARTS_V2", "quick (epochs 1)")
    assert nasengine.load_network(folder / "seed-1")


def test_figures_are_printed_with_their_protocol(trained, capsys):
    assert main(["train", "DARTS_V2", *SMALL, "--seeds", "1", "--out", str(trained[1])]) == 0
    printed = capsys.readouterr()
    assert "protocol     quick (epochs 1) on digits" in printed.out
    assert "(n = 1)" in printed.out
    assert printed.err == ""  # the training was done already


def test_json_is_one_document(trained, capsys):
    words = ["train", "DARTS_V2", *SMALL, "--seeds", "1", "--out", str(trained[1]), "--json"]
    assert main(words) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["figures"][0]["objective"] == "test_error"
    assert value["outcomes"][0]["test_reads"] == 1
    assert value["folder"] == str(trained[1])


def test_a_candidate_of_a_run_file_is_trained_on_its_data(tmp_path, capsys):
    path = tmp_path / "run.jsonl"
    result = nasengine.search(
        space="nb201", strategy="random", candidates=1, objectives=["params"], progress=False,
        space_config={"cells": 1, "channels": 4}, dataset_config={"limit": 200},
    )  # fmt: skip
    result.save(path)
    out = str(tmp_path / "out")
    words = ["train", str(path), "--candidate", "0", "--set", "epochs=1", "--threads", "1"]
    assert main([*words, "--seeds", "4,", "--out", out, "--json"]) == 0
    printed = capsys.readouterr()
    value = json.loads(printed.out)
    assert value["job"]["dataset_config"]["limit"] == 200
    assert [outcome["seed"] for outcome in value["outcomes"]] == [4]
    assert printed.err.startswith("seed 4: epoch 1, epochs 1, train_loss")


def test_a_protocol_of_ones_own_is_read_from_a_file(tmp_path, capsys):
    protocol = {"name": "mine", "settings": {"epochs": 1, "flip": True}, "network": {"cells": 1}}
    (tmp_path / "mine.json").write_text(json.dumps(protocol))
    (tmp_path / "net.json").write_text(json.dumps(tiny().to_json()))
    words = ["train", str(tmp_path / "net.json"), "--protocol-file", str(tmp_path / "mine.json")]
    assert main([*words, "--seeds", "1", "--quiet", "--out", str(tmp_path / "out")]) == 0
    assert "protocol     mine on digits" in capsys.readouterr().out
    assert EvaluationResult.load(tmp_path / "out").architecture.config["cells"] == 1


def test_a_failed_training_is_status_1(tmp_path, capsys):
    words = ["train", "DARTS_V2", *SMALL, "--set", "learning_rate=1e30", "--set", "gradient_clip=0"]
    assert main([*words, "--seeds", "1", "--quiet", "--out", str(tmp_path)]) == 1
    assert "diverged" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing"], "neither a published network"),
        (["DARTS_V2", "--protocol", "x"], "'x' is not among the protocols; known: darts-cifar10"),
        (["DARTS_V2", "--protocol-file", "/nowhere"], "cannot be read"),
        (["DARTS_V2", "--seeds", "0"], "seeds must be from 1 to 1000"),
        (["DARTS_V2", "--seeds", "x"], "--seeds must be a number"),
        (["DARTS_V2", "--epochs", "x"], "--epochs must be a whole number"),
        (["DARTS_V2", "--set", "epochs"], "write NAME=VALUE"),
        (["DARTS_V2", "--dataset", "ptb"], "ptb is text"),
        (["DARTS_V2", "--dataset", "cifar10"], "path"),
        (["DARTS_V2", "--cells", "99"], "cells: must be at most 40"),
        (["DARTS_V2_RNN", "--cells", "3"], "settings of size: hidden"),
        (["DARTS_V2", "--device", "cuda:7"], "device cuda:7 is not available"),
    ],
)
def test_user_errors_are_one_line_and_status_2(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    assert main(["train", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert printed.err.startswith("nasengine: ") and message in printed.err
    assert list(tmp_path.iterdir()) == []
