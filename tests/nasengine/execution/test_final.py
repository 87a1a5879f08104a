"""One final training: the test part is read once, the network is stored, failures are outcomes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nasengine.core.errors import EngineError
from nasengine.core.protocol import Protocol
from nasengine.data.digits import Digits
from nasengine.execution.final import FinalJob, FinalOutcome, measure_again, train_once
from nasengine.execution.network_folder import load_stored
from nasengine.execution.protocols import find_protocol
from tests.fixtures.dataset_files import write_text_parts
from tests.fixtures.stored_networks import tiny

ROOT = Path(__file__).parents[3]
ONE = find_protocol("quick").changed(epochs=2, batch_size=70)


def job(**changes):
    values = {"architecture": tiny(), "protocol": ONE, "dataset": "digits", "threads": 1}
    return FinalJob(**{**values, **changes})


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A final training: outcome, folder, reports, and how many epochs preceded each test read."""
    folder, reports, reads = tmp_path_factory.mktemp("network"), [], []
    original = Digits.test_part

    def test_part(self):
        reads.append(len(reports))
        return original(self)

    Digits.test_part = test_part
    try:
        outcome = train_once(job(seed=3), folder, reports.append)
    finally:
        Digits.test_part = original
    return outcome, folder, reports, reads


def test_the_test_part_is_read_once_after_the_last_epoch(trained):
    outcome, _, reports, reads = trained
    assert outcome.state == "done" and outcome.reason == ""
    assert reads == [2] and outcome.test_reads == 1
    assert [point["epoch"] for point in reports] == [1, 2]
    assert all(point["valid_error"] is None for point in reports)
    (measured,) = (
        measurement for measurement in outcome.measurements if measurement.objective == "test_error"
    )
    assert 0 < measured.value < 60
    assert (measured.detail["part"], measured.detail["reads"]) == ("test", 1)
    assert measured.detail["images"] == 359


def test_every_epoch_reports_its_throughput(trained):
    outcome, _, reports, _ = trained
    assert outcome.curve == tuple(reports)
    for point in reports:  # 20 batches of 70 images out of train and valid
        assert point["images_per_second"] == round(1400 / point["seconds"], 1)
    assert min(p["images_per_second"] for p in reports) <= outcome.throughput
    assert outcome.seconds > 0 and outcome.gpu_seconds is None


def test_the_outcome_survives_json(trained):
    outcome = trained[0]
    assert FinalOutcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome


def test_the_stored_network_says_how_it_was_trained(trained):
    outcome, folder, *_ = trained
    stored = load_stored(folder)
    assert (stored.protocol, stored.dataset) == (outcome.protocol, outcome.dataset)
    assert stored.protocol["name"] == "quick (batch_size 70, epochs 2)"
    assert stored.measurements == outcome.measurements
    assert stored.seed == 3 and stored.labels == tuple("0123456789")
    assert stored.facts() == outcome.network
    assert stored.values["params"] == stored.weights.parameters


@pytest.mark.trap(28)
def test_a_clean_process_measures_exactly_the_stored_accuracy(trained):
    outcome, folder, *_ = trained
    assert measure_again(folder, threads=1) == outcome.measurements[:1]
    code = (
        "import sys, torch, nasengine\n"
        "from nasengine.data.common.named import named_dataset\n"
        "test = named_dataset('digits', {}).test_part()\n"
        "network = nasengine.load_network(sys.argv[1])\n"
        "wrong = (network(test.images).argmax(1) != test.labels).sum().item()\n"
        "print(100 * wrong / len(test.labels))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert float(run.stdout) == outcome.values["test_error"]


def test_a_text_network_is_measured_by_its_perplexity_and_stored(tmp_path):
    folder = write_text_parts(tmp_path / "text")
    recurrent = tiny("recurrent-cell", hidden=8, nodes=2)
    outcome = train_once(
        FinalJob(recurrent, find_protocol("quick").changed(epochs=1), "text",
                 {"path": str(folder)}, threads=1),
        tmp_path / "network",
    )  # fmt: skip
    assert (outcome.state, outcome.test_reads) == ("done", 1)
    assert [m.objective for m in outcome.measurements] == [
        "test_perplexity", "test_error", "params", "macs",
    ]  # fmt: skip
    assert outcome.curve[0]["words_per_second"] > 0
    stored = load_stored(tmp_path / "network")
    assert (stored.data_kind, stored.labels, stored.preprocessing) == ("text", None, None)
    assert stored.protocol["trains_on"] == "train"
    assert measure_again(tmp_path / "network", threads=1) == outcome.measurements[:2]


def test_the_seed_decides_the_network(tmp_path):
    small = {"protocol": ONE.changed(epochs=1), "dataset_config": {"limit": 200}}
    one, again, other = (
        train_once(job(seed=seed, **small), tmp_path / str(number)).network["weights"]["sha256"]
        for number, seed in enumerate((3, 3, 4))
    )
    assert one == again != other


def test_train_only_reads_fewer_images(tmp_path):
    protocol = Protocol("own", trains_on="train", settings={"epochs": 1, "batch_size": 256})
    outcome = train_once(job(protocol=protocol), tmp_path)
    assert outcome.protocol["trains_on"] == "train"
    (point,) = outcome.curve
    assert point["images_per_second"] == round(1024 / point["seconds"], 1)  # of 1078 images


def test_a_cancelled_training_stores_nothing(tmp_path):
    outcome = train_once(job(), tmp_path / "x", cancelled=lambda: True)
    assert (outcome.state, outcome.test_reads, outcome.epochs) == ("cancelled", 0, 0)
    assert outcome.network is None and not (tmp_path / "x").exists()


def test_a_diverged_training_is_an_outcome(tmp_path):
    protocol = ONE.changed(learning_rate=1e30, gradient_clip=0.0)
    outcome = train_once(job(protocol=protocol), tmp_path)
    assert (outcome.state, outcome.test_reads) == ("diverged", 0)
    assert "lower the learning rate" in outcome.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dataset": "cifar10", "dataset_config": {"path": "/nowhere"}}, "nowhere"),
        ({"cells": 99}, "cells: must be at most 40"),
        ({"device": "cuda:9"}, "device cuda:9 is not available"),
    ],
)
def test_a_training_that_cannot_start_fails_with_the_reason(tmp_path, changes, reason):
    outcome = train_once(job(**changes), tmp_path)
    assert outcome.state == "failed" and reason in outcome.reason
    assert FinalOutcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome


def test_a_network_is_not_measured_on_other_data(trained, monkeypatch):
    monkeypatch.setattr(
        Digits, "facts", lambda self, facts=Digits.facts: _with_digest(facts(self), "other")
    )
    with pytest.raises(EngineError, match="is not the one that"):
        measure_again(trained[1])


def _with_digest(facts, digest):
    from dataclasses import replace

    return replace(facts, digest=digest)
