"""Estimator `shared`: one supernet for all candidates, trained once and resumable."""

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
from nasengine.execution.unfinished import unfinished
from nasengine.execution.weight_store import FolderWeightStore
from tests.fixtures.dataset_files import write_text_parts

SPEC = SearchSpec(
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


def rows(result):
    return [
        (end.proposal.to_json(), end.outcome.state, end.outcome.values, end.outcome.epochs)
        for end in result.candidates
    ]


@pytest.fixture(scope="module")
def complete():
    """Return the result, the events and the weights of one complete search."""
    events, store = [], MemoryWeightStore()
    return run(SPEC, events.append, weights=store), events, store


def learning_curve(events):
    return [event for event in events if event.kind == "epoch"]


def changed(spec, **estimator):
    config = {**spec.estimator_config, **estimator}
    return dataclasses.replace(spec, estimator_config=config)


def test_the_supernet_is_trained_once_and_reported_as_the_curve_of_the_first(complete):
    result, events, _ = complete
    assert [end.outcome.state for end in result.candidates] == ["done"] * 8
    assert [end.outcome.epochs for end in result.candidates] == [3] + [0] * 7
    curve = learning_curve(events)
    assert [(event.number, event.item["epoch"]) for event in curve] == [(0, 1), (0, 2), (0, 3)]
    losses = [event.item["train_loss"] for event in curve]
    assert losses[-1] < losses[0]
    assert all(0 <= event.item["valid_error"] <= 100 for event in curve)
    measured = result.candidates[5].outcome.measurements[0]
    assert (measured.objective, measured.unit, measured.method) == ("error", "%", "measured")
    assert measured.detail["weights"] == "shared"
    assert (measured.detail["part"], measured.detail["epochs"]) == ("valid", 3)


def test_an_error_is_that_of_the_architecture_in_the_last_checkpoint(complete):
    result, _, store = complete
    space = load("spaces", "nb201")
    space = space(space.Config(cells=1, channels=4))
    network = space.build(space.supernet(), (1, 8, 8), 10)
    prefix = "network/"
    network.load_state_dict(
        {
            name.removeprefix(prefix): torch.from_numpy(array)
            for name, array in store.get(-3).weights.items()
            if name.startswith(prefix)
        }
    )
    dataset = load("datasets", "digits")
    valid = dataset(dataset.Config(limit=200)).search_parts()[1]
    assert len(valid.labels) <= 256, "one batch for batch normalisation"
    for end in result.candidates:
        with torch.no_grad():
            answers = network.forward_architecture(
                valid.images, space.choices(end.proposal.architecture)
            )
        wrong = int((answers.argmax(1) != valid.labels).sum())
        assert end.outcome.values["error"] == pytest.approx(100 * wrong / len(valid.labels))


@pytest.mark.parametrize("reached", range(3))
def test_a_training_cancelled_in_any_epoch_resumes_there_with_equal_results(
    reached, complete, tmp_path
):
    whole = complete[0]
    store = FolderWeightStore(tmp_path)
    points = []
    first = whole.candidates[0].proposal
    spec = assembly.check(SPEC)
    kept: list[dict] = []
    progress = unfinished({}, store.storage.within("progress"), notify=kept.append)
    with pytest.raises(Cancelled):
        evaluate(
            spec, first, points.append, lambda: len(points) > reached, store, progress=progress
        )
    assert kept == [{"kept": number} for number in range(1, reached + 2)]
    events = []
    result = run(SPEC, events.append, weights=FolderWeightStore(tmp_path))
    epochs = [event.item["epoch"] for event in learning_curve(events)]
    assert epochs == list(range(reached + 2, 4))
    assert [row[:3] for row in rows(result)] == [row[:3] for row in rows(whole)]


def test_other_workers_wait_for_the_training_and_can_be_cancelled(complete, tmp_path):
    """Two stores on one folder represent two processes."""
    spec = assembly.check(SPEC)
    proposal = complete[0].candidates[1].proposal
    waited = threading.Event()
    points, outcomes = [], []

    def cancel():
        waited.set()
        return True

    def train():
        store = FolderWeightStore(tmp_path)
        outcomes.append(evaluate(spec, proposal, points.append, lambda: False, store))

    with FolderWeightStore(tmp_path).lock(lambda: False):
        with pytest.raises(Cancelled):
            evaluate(spec, proposal, points.append, cancel, FolderWeightStore(tmp_path))
        assert waited.is_set()
        waiting = threading.Thread(target=train)
        waiting.start()
        waiting.join(1)
        assert waiting.is_alive()
        assert points == []
    waiting.join(300)
    assert outcomes[0].state == "done"
    assert len(points) == 3


def test_without_a_weight_store_every_candidate_trains_the_supernet(complete):
    spec = assembly.check(SPEC)
    for end in complete[0].candidates[:2]:
        outcome = evaluate(spec, end.proposal, lambda point: None, lambda: False, NO_WEIGHTS)
        assert outcome.values == end.outcome.values
        assert outcome.epochs == 3


def test_a_diverging_supernet_ends_every_candidate_as_diverged():
    diverging = changed(SPEC, learning_rate=1e30, gradient_clip=0.0)
    outcomes = [end.outcome for end in run(diverging).candidates]
    assert [(outcome.number, outcome.state) for outcome in outcomes] == [
        (n, "diverged") for n in range(8)
    ]
    assert all("epoch" in outcome.reason for outcome in outcomes)


def test_the_seed_of_the_search_determines_the_supernet():
    errors = {
        seed: [
            end.outcome.values["error"]
            for end in run(dataclasses.replace(SPEC, strategy="random", strategy_config={},
                                               candidates=3, seed=seed)).candidates
        ]
        for seed in (4, 5)
    }  # fmt: skip
    assert errors[4] != errors[5]


def test_perplexity_and_error_are_measured_on_text(tmp_path):
    path = write_text_parts(tmp_path, "", ".txt")
    spec = dataclasses.replace(
        SPEC,
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
    for end in run(spec).candidates:
        assert end.outcome.state == "done", end.outcome.reason
        assert end.outcome.values["perplexity"] > 1
        assert 0 < end.outcome.values["error"] <= 100


def test_a_candidate_that_violates_a_constraint_is_neither_trained_nor_scored():
    strict = dataclasses.replace(SPEC, constraints=("params<=1",), candidates=2)
    events = []
    assert {end.outcome.state for end in run(strict, events.append).candidates} == {"pruned"}
    assert not learning_curve(events)


def test_spaces_without_a_supernet_and_one_shot_strategies_are_refused():
    with pytest.raises(InvalidSettings) as refused:
        assembly.check(SearchSpec(space="topology", strategy="random", estimator="shared"))
    assert refused.value.errors["estimator"].startswith(
        "shared needs a space with a supernet, which topology does not have"
    )
    with pytest.raises(InvalidSettings) as refused:
        assembly.check(SearchSpec(space="cell", strategy="darts", estimator="shared"))
    assert "which the estimator shared does not: choose train" in refused.value.errors["strategy"]


def test_common_settings_are_those_of_train():
    own = {field.name: field for field in dataclasses.fields(OneShotConfig)}
    common = [field for field in dataclasses.fields(TrainConfig) if field.name in own]
    assert len(common) > 10
    for field in common:
        if field.name not in ("epochs", "learning_rate", "train_infeasible"):
            shown = {**field.metadata, "omit_default": None}
            assert {**own[field.name].metadata, "omit_default": None} == shown
            assert own[field.name].default == field.default
    with pytest.raises(InvalidSettings):
        OneShotConfig(device="toaster")
