"""Estimator `shared`: one network for all candidates, trained once, whoever is killed over it."""

from __future__ import annotations

import dataclasses
import threading

import pytest
import torch

from nasengine.catalog import load
from nasengine.core.errors import Cancelled, InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.core.weight_store import NO_WEIGHTS, MemoryWeightStore
from nasengine.estimators.one_shot.shared import OneShotConfig
from nasengine.estimators.training.config import TrainConfig
from nasengine.execution import assembly
from nasengine.execution.evaluation import evaluate
from nasengine.execution.loop import run
from nasengine.execution.weight_store import FolderWeightStore
from tests.fixtures.dataset_files import write_text_parts

QUESTION = SearchSpec(
    space="nb201",
    strategy="nsga2",
    estimator="shared",
    dataset="digits",
    objectives=("error", "params"),
    candidates=8,
    seed=4,
    space_config={"cells": 1, "channels": 4},
    strategy_config={"population": 4},
    estimator_config={"epochs": 3, "batch_size": 8, "threads": 1},
    dataset_config={"limit": 200},
)


def told(result):
    return [
        (one.proposal.to_json(), one.outcome.state, one.outcome.values, one.outcome.epochs)
        for one in result.candidates
    ]


def changed(spec, **estimator):
    config = {**spec.estimator_config, **estimator}
    return dataclasses.replace(spec, estimator_config=config)


def test_the_network_is_trained_once_and_reported_as_the_curve_of_the_first():
    seen = []
    result = run(QUESTION, seen.append)
    assert [one.outcome.state for one in result.candidates] == ["done"] * 8
    assert [one.outcome.epochs for one in result.candidates] == [3] + [0] * 7
    epochs = [(one.number, one.item["epoch"]) for one in seen if one.kind == "epoch"]
    assert epochs == [(0, 1), (0, 2), (0, 3)]
    losses = [one.item["train_loss"] for one in seen if one.kind == "epoch"]
    assert losses[-1] < losses[0]
    assert all(0 <= one.item["valid_error"] <= 100 for one in seen if one.kind == "epoch")
    measured = result.candidates[5].outcome.measurements[0]
    assert (measured.objective, measured.unit, measured.method) == ("error", "%", "measured")
    assert measured.detail["weights"] == "shared"
    assert (measured.detail["part"], measured.detail["epochs"]) == ("valid", 3)


def test_an_error_is_that_of_the_chosen_operations_in_the_network_of_the_checkpoint():
    store = MemoryWeightStore()
    result = run(QUESTION, weights=store)
    space = load("spaces", "nb201")
    space = space(space.Config(cells=1, channels=4))
    network = space.build(space.supernet(), (1, 8, 8), 10)
    start = "network/"
    network.load_state_dict(
        {
            name.removeprefix(start): torch.from_numpy(array)
            for name, array in store.get(-3).weights.items()
            if name.startswith(start)
        }
    )
    dataset = load("datasets", "digits")
    valid = dataset(dataset.Config(limit=200)).search_parts()[1]
    assert len(valid.labels) <= 256, "one group of normalisation"
    for one in result.candidates:
        with torch.no_grad():
            answers = network.forward_architecture(
                valid.images, space.choices(one.proposal.architecture)
            )
        wrong = int((answers.argmax(1) != valid.labels).sum())
        assert one.outcome.values["error"] == pytest.approx(100 * wrong / len(valid.labels))


@pytest.mark.parametrize("reached", range(3))
def test_killed_in_any_epoch_it_goes_on_there_and_ends_as_if_nobody_was(reached, tmp_path):
    whole = run(QUESTION)
    store = FolderWeightStore(tmp_path)
    told_of = []
    first = whole.candidates[0].proposal
    spec = assembly.check(QUESTION)
    with pytest.raises(Cancelled):
        evaluate(spec, first, told_of.append, lambda: len(told_of) > reached, store)
    again = []
    result = run(QUESTION, again.append, weights=FolderWeightStore(tmp_path))
    epochs = [one.item["epoch"] for one in again if one.kind == "epoch"]
    assert epochs == list(range(reached + 2, 4))
    assert [row[:3] for row in told(result)] == [row[:3] for row in told(whole)]


def test_whoever_comes_meanwhile_waits_and_may_be_called_off(tmp_path):
    """Two processes would train the same; here two stores on one folder."""
    spec = assembly.check(QUESTION)
    proposal = run(QUESTION).candidates[1].proposal
    waited = threading.Event()
    points, outcomes = [], []

    def called_off():
        waited.set()
        return True

    def train():
        store = FolderWeightStore(tmp_path)
        outcomes.append(evaluate(spec, proposal, points.append, lambda: False, store))

    with FolderWeightStore(tmp_path).lock(lambda: False):
        with pytest.raises(Cancelled):
            evaluate(spec, proposal, points.append, called_off, FolderWeightStore(tmp_path))
        assert waited.is_set()
        waiting = threading.Thread(target=train)
        waiting.start()
        waiting.join(1)
        assert waiting.is_alive()
        assert points == []
    waiting.join(60)
    assert outcomes[0].state == "done"
    assert len(points) == 3


def test_without_a_place_for_weights_a_candidate_trains_its_own_network():
    whole = run(QUESTION)
    spec = assembly.check(QUESTION)
    for one in whole.candidates[:2]:
        outcome = evaluate(spec, one.proposal, lambda point: None, lambda: False, NO_WEIGHTS)
        assert outcome.values == one.outcome.values
        assert outcome.epochs == 3


def test_a_network_that_leaves_the_numbers_ends_every_candidate_as_diverged():
    wild = changed(QUESTION, learning_rate=1e30, gradient_clip=0.0)
    outcomes = [one.outcome for one in run(wild).candidates]
    assert [(one.number, one.state) for one in outcomes] == [(n, "diverged") for n in range(8)]
    assert all("epoch" in one.reason for one in outcomes)


def test_the_seed_of_the_search_decides_the_network():
    errors = {
        seed: [
            one.outcome.values["error"]
            for one in run(dataclasses.replace(QUESTION, strategy="random", strategy_config={},
                                               candidates=3, seed=seed)).candidates
        ]
        for seed in (4, 5)
    }  # fmt: skip
    assert errors[4] != errors[5]


def test_of_text_perplexity_and_error_of_the_same_look(tmp_path):
    path = write_text_parts(tmp_path, "", ".txt")
    spec = dataclasses.replace(
        QUESTION,
        space="recurrent-cell",
        strategy="random",
        dataset="text",
        objectives=("perplexity", "error"),
        space_config={"hidden": 8, "nodes": 3},
        strategy_config={},
        dataset_config={"path": str(path), "words": "blanks"},
        estimator_config={"epochs": 2, "batch_size": 8, "bptt": 20, "threads": 1},
        candidates=3,
    )
    for one in run(spec).candidates:
        assert one.outcome.state == "done", one.outcome.reason
        assert one.outcome.values["perplexity"] > 1
        assert 0 < one.outcome.values["error"] <= 100


def test_what_breaks_a_constraint_is_not_scored_and_trains_nothing():
    strict = dataclasses.replace(QUESTION, constraints=("params<=1",), candidates=2)
    seen = []
    assert {one.outcome.state for one in run(strict, seen.append).candidates} == {"pruned"}
    assert not [one for one in seen if one.kind == "epoch"]


def test_spaces_without_a_shared_network_and_methods_that_train_one_are_refused():
    with pytest.raises(InvalidSettings) as refused:
        assembly.check(SearchSpec(space="topology", strategy="random", estimator="shared"))
    assert refused.value.errors["estimator"].startswith(
        "shared needs a space whose architectures share one network, which topology does not have"
    )
    with pytest.raises(InvalidSettings) as refused:
        assembly.check(SearchSpec(space="cell", strategy="darts", estimator="shared"))
    assert "no candidate is trained alone: choose train" in refused.value.errors["strategy"]


def test_settings_mean_what_those_of_train_mean():
    mine = {one.name: one for one in dataclasses.fields(OneShotConfig)}
    shared = [one for one in dataclasses.fields(TrainConfig) if one.name in mine]
    assert len(shared) > 10
    for one in shared:
        if one.name not in ("epochs", "learning_rate", "train_infeasible"):
            assert mine[one.name].metadata == one.metadata
            assert mine[one.name].default == one.default
    with pytest.raises(InvalidSettings):
        OneShotConfig(device="toaster")
