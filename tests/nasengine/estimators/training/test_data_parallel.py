"""Two processes that torchrun starts train one network as one process does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

import nasengine
from nasengine.estimators.training import trained
from nasengine.estimators.training.data_parallel import Group

TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
SMALL = ["--cells", "2", "--channels", "2", "--device", "cpu", "--threads", "1"]
LENGTH = ["--epochs", "2", "--seeds", "1"]
DATA = ["--dataset", "digits", "--dataset-set", "limit=73", "--set", "batch_size=24"]


def with_torchrun(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *TORCHRUN, "-m", "nasengine", "train", "DARTS_V2"]
    return subprocess.run(
        [*command, *SMALL, *LENGTH, *DATA, "--json", "--out", str(folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_two_processes_give_the_result_of_one(tmp_path):
    """73 images in batches of 24 leave one image over, which both processes train on."""
    alone = nasengine.evaluate(
        "DARTS_V2",
        dataset="digits",
        dataset_config={"limit": 73},
        settings={"batch_size": 24},
        seeds=1,
        cells=2,
        channels=2,
        epochs=2,
        device="cpu",
        threads=1,
        folder=tmp_path / "one",
    )
    done = with_torchrun(tmp_path / "two")
    assert done.returncode == 0, done.stderr
    (one,), (two,) = alone.to_json()["outcomes"], json.loads(done.stdout)["outcomes"]
    weights, others = (
        load_file(next((tmp_path / name).rglob("weights.safetensors"))) for name in ("one", "two")
    )
    assert weights.keys() == others.keys()
    assert max((weights[name] - others[name]).abs().max() for name in weights) < 1e-4
    for ours, theirs in zip(one["curve"], two["curve"], strict=True):
        assert theirs["train_loss"] == pytest.approx(ours["train_loss"], abs=1e-4)
        assert theirs["train_error"] == pytest.approx(ours["train_error"], abs=3)
    assert [m["objective"] for m in two["measurements"]] == ["test_error", "params", "macs"]
    assert two["test_reads"] == 1, "only the first process tests"
    assert done.stderr.count("epoch 2") <= 1, "only the first process reports"


def test_a_training_on_text_needs_one_process(monkeypatch, tmp_path):
    monkeypatch.setattr(trained, "current_group", lambda: Group(0, 2))
    result = nasengine.evaluate(
        "DARTS_V2_RNN", protocol="quick", seeds=1, epochs=1, device="cpu", folder=tmp_path
    )
    assert result.outcomes[0].reason.startswith("a training on text cannot be shared")
