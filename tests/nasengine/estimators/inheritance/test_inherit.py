"""Estimator `inherit`: inherited weights, length of the training, reported details."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch

from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.core.estimator import Evaluation
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.core.settings import from_mapping
from nasengine.core.weight_store import NO_WEIGHTS, MemoryWeightStore
from nasengine.estimators.inheritance.checkpoints import checkpoint_of, tensors_of
from nasengine.estimators.inheritance.estimator import Inherit, InheritConfig
from nasengine.estimators.training.estimator import Train
from nasengine.estimators.training.learned_settings import with_learned_settings
from nasengine.execution import assembly
from nasengine.execution.weight_store import FolderWeightStore
from nasengine.spaces.nb201.space import NB201Config, NB201Space
from tests.fixtures.training import config

SPACE = NB201Space(NB201Config(cells=1, channels=4))
OPS = ("nor_conv_3x3", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "none", "avg_pool_3x3")
PARENT = SPACE.architecture(OPS)
CHILD = SPACE.architecture(["nor_conv_1x1", *OPS[1:]])
CHANGED_PARAMETERS = sum(c * c + 2 * c for c in (4, 8, 16))


def settings(**values) -> InheritConfig:
    return from_mapping(
        InheritConfig,
        {"device": "cpu", "threads": 1, "epochs": 3, "inherited_epochs": 1, **values},
    )


def evaluation(proposal, weights, reports=None, limit=400) -> Evaluation:
    return Evaluation(
        proposal=proposal,
        space=SPACE,
        goals=(),
        seed=1,
        dataset="digits",
        dataset_config={"limit": limit} if limit else {},
        report=(reports if reports is not None else []).append,
        cancelled=lambda: False,
        weights=weights,
    )


def inheritance_detail(outcome):
    """Return the entries about inheritance in the measurement of the error."""
    (error,) = outcome.measurements
    names = ("inherited_from", "inherited", "parameters", "inheritance", "epochs")
    return {name: error.detail[name] for name in names if name in error.detail}


def parameters(architecture):
    network = SPACE.build(architecture, (1, 8, 8), 10)
    return sum(p.numel() for p in network.parameters())


def without_seconds(reports):
    timed = ("seconds", "train_seconds")
    return [{k: v for k, v in report.items() if k not in timed} for report in reports]


@pytest.fixture(scope="module")
def store():
    """Return a store with the checkpoint of candidate 2."""
    weights = MemoryWeightStore()
    Inherit(settings()).evaluate(evaluation(Proposal(2, PARENT), weights))
    return weights


def test_a_candidate_without_parents_is_trained_as_with_train(store):
    reports, plain = [], []
    outcome = Inherit(settings()).evaluate(
        evaluation(Proposal(2, PARENT), MemoryWeightStore(), reports)
    )
    scratch = Train(config(epochs=3)).evaluate(evaluation(Proposal(2, PARENT), NO_WEIGHTS, plain))
    assert outcome.values == scratch.values
    assert without_seconds(reports) == without_seconds(plain)
    total = parameters(PARENT)
    assert inheritance_detail(outcome) == {"inherited": 0, "parameters": total, "epochs": 3}


def test_a_child_inherits_all_but_its_mutation_and_trains_for_fewer_epochs(store):
    reports = []
    child = Proposal(5, CHILD, parents=(2,), origin="mutation")
    outcome = Inherit(settings()).evaluate(evaluation(child, store, reports))
    total = parameters(CHILD)
    assert inheritance_detail(outcome) == {
        "inherited_from": 2,
        "inherited": total - CHANGED_PARAMETERS,
        "parameters": total,
        "epochs": 1,
    }
    assert outcome.epochs == 1
    assert [(r["epoch"], r["epochs"], r["inherited_from"]) for r in reports] == [(1, 1, 2)]
    json.dumps([reports, outcome.to_json()], allow_nan=False)


def test_training_starts_from_the_weights_of_the_parent(store):
    """At a learning rate near 0 only the running statistics of batch normalisation change."""
    frozen = settings(inherited_learning_rate=1e-12, weight_decay=0, momentum=0)
    reports = []
    Inherit(frozen).evaluate(evaluation(Proposal(6, PARENT, (2,)), store, reports))
    before = store.get(2).weights
    after = store.get(6).weights
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    for name, array in before.items():
        if name.endswith(statistics):
            assert not np.array_equal(array, after[name]), name
        else:
            np.testing.assert_allclose(after[name], array, atol=1e-7, err_msg=name)


def test_the_first_parent_with_a_checkpoint_is_inherited_from(store):
    estimator = Inherit(settings())
    outcome = estimator.evaluate(evaluation(Proposal(7, CHILD, (1, 2, 0)), store))
    assert inheritance_detail(outcome)["inherited_from"] == 2
    store.put(1, store.get(2))
    outcome = estimator.evaluate(evaluation(Proposal(7, CHILD, (1, 2)), store))
    assert inheritance_detail(outcome)["inherited_from"] == 1


def test_a_child_of_parents_without_checkpoints_is_trained_from_scratch_and_noted(tmp_path):
    empty = FolderWeightStore(tmp_path / "lost")
    reports, plain = [], []
    estimator = Inherit(settings(inherited_learning_rate=0.001))
    outcome = estimator.evaluate(evaluation(Proposal(9, CHILD, (2, 4)), empty, reports))
    scratch = Train(config(epochs=3)).evaluate(evaluation(Proposal(9, CHILD), NO_WEIGHTS, plain))
    assert outcome.values == scratch.values
    assert inheritance_detail(outcome) == {
        "inheritance": "parent left no weights",
        "inherited": 0,
        "parameters": parameters(CHILD),
        "epochs": 3,
    }
    assert {report.pop("inheritance") for report in reports} == {"parent left no weights"}
    assert without_seconds(reports) == without_seconds(plain)
    assert empty.get(9) is not None, "its own children can inherit"


def test_repeated_trainings_store_equal_checkpoints_in_memory_and_in_a_folder(tmp_path):
    outcomes = []
    for name in ("one", "two"):
        folder, memory = FolderWeightStore(tmp_path / name), MemoryWeightStore()
        for weights in (folder, memory):
            for proposal in (Proposal(0, PARENT), Proposal(1, CHILD, (0,))):
                outcome = Inherit(settings()).evaluate(evaluation(proposal, weights))
            outcomes.append(outcome)
        for number in (0, 1):
            on_disk, in_memory = folder.get(number), memory.get(number)
            assert on_disk.architecture == in_memory.architecture
            assert {k: v.tobytes() for k, v in on_disk.weights.items()} == {
                k: v.tobytes() for k, v in in_memory.weights.items()
            }
    assert outcomes[1:] == outcomes[:1] * 3
    for file in ("0.npz", "1.npz"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_diverged_candidate_stores_no_checkpoint():
    weights = MemoryWeightStore()
    outcome = Inherit(settings(learning_rate=1e6)).evaluate(
        evaluation(Proposal(0, PARENT), weights)
    )
    assert outcome.state == "diverged"
    assert weights.get(0) is None


def test_checkpoints_are_read_only_copies_in_numpy_types():
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)).bfloat16()
    with torch.no_grad():
        network[0].weight.fill_(1 / 3)
    half = torch.nn.Linear(2, 2).half()
    checkpoint = checkpoint_of(PARENT, network)
    assert checkpoint.weights["0.weight"].dtype == np.float32
    assert checkpoint_of(PARENT, half).weights["weight"].dtype == np.float16
    assert checkpoint.weights["1.num_batches_tracked"] == 0
    tensors = tensors_of(checkpoint)
    assert torch.equal(tensors["0.weight"].bfloat16(), network[0].weight), (
        "bfloat16 to float32 loses nothing"
    )
    with torch.no_grad():
        network[0].weight.zero_()
        tensors["0.weight"].zero_()
    assert checkpoint.weights["0.weight"].min() > 0.3
    with pytest.raises(ValueError, match="read-only"):
        checkpoint.weights["0.weight"][0] = 5


def test_learned_rate_and_batch_size_are_used_and_reported(store):
    note = {"training": {"learning_rate": 0.02, "batch_size": 100}, "generation": 3}
    proposal = Proposal(3, PARENT, note=note)
    for estimator in (Train(config(epochs=2)), Inherit(settings(epochs=2))):
        reports = []
        outcome = estimator.evaluate(evaluation(proposal, NO_WEIGHTS, reports))
        same = Train(config(epochs=2, learning_rate=0.02, batch_size=100))
        assert outcome.values == same.evaluate(evaluation(Proposal(3, PARENT), NO_WEIGHTS)).values
        detail = outcome.measurements[0].detail
        assert (detail["learning_rate"], detail["batch"]) == (0.02, 100)
        # Two epochs of three steps: the last rate is at 5/6 of the half cosine.
        assert reports[-1]["learning_rate"] == pytest.approx(0.02 * (1 - np.sqrt(0.75)) / 2)
    child = Proposal(4, PARENT, (2,), note={"training": {"learning_rate": 0.02}})
    estimator = Inherit(settings(inherited_learning_rate=0.001))
    assert (
        estimator.evaluate(evaluation(child, store)).measurements[0].detail["learning_rate"] == 0.02
    )
    plain = dataclasses.replace(child, note={})
    assert (
        estimator.evaluate(evaluation(plain, store)).measurements[0].detail["learning_rate"]
        == 0.001
    )


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"learning_rate": -1}, r"note.training.learning_rate: must be at least 0 \(got -1"),
        ({"batch_size": 1}, r"note.training.batch_size: must be at least 2 \(got 1"),
        ({"batch_size": 32.5}, r"note.training.batch_size: must be a whole number \(got 32.5"),
        ({"learning_rate": float("nan")}, r"note.training.learning_rate: must be finite \(got nan"),
        ({"epochs": 500}, "may have only learning_rate and batch_size"),
        ([0.1], "may have only learning_rate and batch_size"),
        (
            {"learning_rate": 0.001},
            r"note.training.final_learning_rate: must be at most learning_rate, 0.001",
        ),
    ],
)
def test_an_invalid_note_is_refused(training, message):
    with pytest.raises(EngineError, match=message):
        with_learned_settings(config(final_learning_rate=0.01), {"training": training})


def test_a_note_without_learned_settings_changes_nothing():
    assert with_learned_settings(config(), {"generation": 1, "training": {}}) == config()
    assert with_learned_settings(config(), {}) == config()


def test_contradictory_settings_of_children_are_refused():
    with pytest.raises(InvalidSettings) as refusal:
        settings(warm_up=2, final_learning_rate=0.01, inherited_learning_rate=0.001)
    assert refusal.value.errors == {
        "inherited_epochs": "must be at least warm_up, 2 (got 1): raise it, or lower warm_up",
        "inherited_learning_rate": (
            "must be at least final_learning_rate, 0.01 (got 0.001): raise it"
        ),
    }
    with pytest.raises(InvalidSettings, match=r"warm_up: must be at most epochs, 3 \(got 4\)"):
        settings(warm_up=4, inherited_epochs=5)


def test_a_space_without_inheritance_is_refused_before_a_search(monkeypatch):
    from tests.fixtures.toy import install

    install(monkeypatch)
    with pytest.raises(InvalidSettings) as refusal:
        assembly.check(SearchSpec(space="toy", strategy="random", estimator="inherit"))
    assert refusal.value.errors == {
        "estimator": "inherit needs a space that supports weight inheritance, which toy does not: "
        "choose another space, or the estimator train"
    }
    for space in ("nb201", "cell"):
        assembly.check(SearchSpec(space=space, strategy="random", estimator="inherit"))


def test_one_epoch_with_inherited_weights_beats_one_from_scratch():
    """One pair; benchmarks/inheritance.py measures many."""
    weights = MemoryWeightStore()
    Inherit(settings()).evaluate(evaluation(Proposal(0, PARENT), weights, limit=None))
    once = Inherit(settings(epochs=1))
    child = once.evaluate(evaluation(Proposal(1, CHILD, (0,)), weights, limit=None))
    scratch = once.evaluate(evaluation(Proposal(1, CHILD), weights, limit=None))
    assert child.values["error"] < scratch.values["error"] - 20
