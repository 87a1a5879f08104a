"""The cost of a candidate: epochs of one network, seconds, and seconds on a GPU."""

from __future__ import annotations

import dataclasses
import json
import time

import pytest

import nasengine
from nasengine.core.meter import Meter
from nasengine.core.outcome import Outcome
from nasengine.core.search_spec import SearchSpec
from nasengine.execution.loop import run
from nasengine.execution.result import Result
from nasengine.execution.run_file import load_run, save_run

SMALL = SearchSpec(
    space="nb201",
    strategy="random",
    estimator="train",
    dataset="digits",
    objectives=("error", "params"),
    candidates=2,
    seed=1,
    space_config={"cells": 1, "channels": 4},
    estimator_config={"epochs": 2, "threads": 1, "device": "cpu"},
    dataset_config={"limit": 200},
)
ONE_SHOT = {"epochs": 2, "batch_size": 8}


def outcomes(**changed) -> list[Outcome]:
    return [end.outcome for end in run(dataclasses.replace(SMALL, **changed)).candidates]


def one_shot(strategy: str, **config) -> list[Outcome]:
    return outcomes(strategy=strategy, candidates=50, strategy_config={**ONE_SHOT, **config})


def test_a_training_costs_its_epochs_and_its_seconds():
    started = time.perf_counter()
    trained = outcomes()
    elapsed = time.perf_counter() - started
    assert [outcome.epochs for outcome in trained] == [2, 2]
    assert 0 < sum(outcome.seconds for outcome in trained) <= elapsed
    assert [outcome.gpu_seconds for outcome in trained] == [None, None]


def test_a_pruned_candidate_costs_no_epoch():
    pruned = outcomes(constraints=("params<1",))
    assert {(outcome.state, outcome.epochs) for outcome in pruned} == {("pruned", 0)}


@pytest.mark.parametrize(
    ("strategy", "config", "epochs"),
    [
        ("darts", {"weights_portion": 0.5}, 1.0),  # half for the weights, half for the alphas
        ("darts", {"weights_portion": 0.5, "warm_up": 1}, 0.5),  # the alphas rest at first
        ("random-sharing", {"weights_portion": 1.0, "sampled": 4}, 1.0),
        ("random-sharing", {"weights_portion": 0.5, "sampled": 4}, 0.5),
    ],
)
def test_a_supernet_epoch_counts_by_its_share_of_the_train_part(strategy, config, epochs):
    trained = one_shot(strategy, **config)
    first = trained[0]
    assert first.state == "trained"
    # The last batch of a part is dropped when it is not full, so shares are those of batches.
    assert first.epochs == pytest.approx(epochs, abs=0.1)
    assert first.seconds > 0
    derivation = trained[2]  # after two epochs
    assert (derivation.state, derivation.epochs) == ("trained", 0), "scores are no training"
    assert trained[-1].epochs == 2, "the derived architecture is trained from scratch"


def test_a_lookup_costs_no_epoch_and_no_second():
    result = nasengine.search(
        strategy="random", table="digits-nb201", objectives=["error"], candidates=3, progress=False
    )
    looked_up = [end.outcome for end in result.candidates]
    assert [(o.epochs, o.seconds, o.gpu_seconds) for o in looked_up] == [(0, None, None)] * 3


def test_the_meter_counts_gpus_only_and_also_what_fails():
    meter = Meter()
    with meter.on("cpu"):
        time.sleep(0.01)
    assert meter.gpu_seconds is None
    for _ in range(2):
        with pytest.raises(ValueError), meter.on("cuda"):
            time.sleep(0.01)
            raise ValueError
    assert meter.gpu_seconds >= 0.02


def test_costs_are_stored_in_run_files_and_do_not_make_outcomes_different(tmp_path):
    result = run(SMALL)
    first = dataclasses.replace(result.candidates[0].outcome, seconds=1.5, gpu_seconds=0.75)
    assert first == result.candidates[0].outcome
    stored = Result.of(SMALL, result.goals, [(result.candidates[0].proposal, first)])
    save_run(stored, tmp_path / "run.jsonl")
    loaded = load_run(tmp_path / "run.jsonl").candidates[0].outcome
    assert (loaded.epochs, loaded.seconds, loaded.gpu_seconds) == (2, 1.5, 0.75)


def test_outcomes_of_older_releases_have_no_durations():
    old = {"number": 3, "state": "done", "measurements": [], "reason": "", "epochs": 2}
    loaded = Outcome.from_json(json.loads(json.dumps(old)))
    assert (loaded.epochs, loaded.seconds, loaded.gpu_seconds) == (2, None, None)
    assert loaded.to_json() == old
