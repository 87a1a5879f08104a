"""Estimator `inherit`: who trains from what, for how long, and what is said of it."""

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
from nasengine.estimators.training.learned_settings import learned
from nasengine.execution import assembly
from nasengine.execution.weight_store import FolderWeightStore
from nasengine.spaces.nb201.space import NB201Config, NB201Space
from tests.fixtures.training import config

SPACE = NB201Space(NB201Config(cells=1, channels=4))
OPS = ("nor_conv_3x3", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "none", "avg_pool_3x3")
PARENT = SPACE.architecture(OPS)
CHILD = SPACE.architecture(["nor_conv_1x1", *OPS[1:]])
OF_THE_CHANGED_EDGE = sum(c * c + 2 * c for c in (4, 8, 16))


def settings(**values) -> InheritConfig:
    return from_mapping(
        InheritConfig,
        {"device": "cpu", "threads": 1, "epochs": 3, "inherited_epochs": 1, **values},
    )


def asked(proposal, weights, reports=None, limit=400) -> Evaluation:
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


def told(outcome):
    """What the error's measurement says of inheritance."""
    (error,) = outcome.measurements
    names = ("inherited_from", "inherited", "parameters", "inheritance", "epochs")
    return {name: error.detail[name] for name in names if name in error.detail}


def parameters(architecture):
    network = SPACE.build(architecture, (1, 8, 8), 10)
    return sum(p.numel() for p in network.parameters())


def without_seconds(reports):
    return [{k: v for k, v in report.items() if k != "seconds"} for report in reports]


@pytest.fixture(scope="module")
def store():
    """Candidate 2 has trained and left its weights."""
    weights = MemoryWeightStore()
    Inherit(settings()).evaluate(asked(Proposal(2, PARENT), weights))
    return weights


def test_one_without_parents_trains_as_with_train(store):
    reports, plain = [], []
    outcome = Inherit(settings()).evaluate(asked(Proposal(2, PARENT), MemoryWeightStore(), reports))
    alone = Train(config(epochs=3)).evaluate(asked(Proposal(2, PARENT), NO_WEIGHTS, plain))
    assert outcome.values == alone.values
    assert without_seconds(reports) == without_seconds(plain)
    whole = parameters(PARENT)
    assert told(outcome) == {"inherited": 0, "parameters": whole, "epochs": 3}


def test_a_child_takes_over_all_but_its_change_and_trains_for_less(store):
    reports = []
    child = Proposal(5, CHILD, parents=(2,), origin="mutation")
    outcome = Inherit(settings()).evaluate(asked(child, store, reports))
    whole = parameters(CHILD)
    assert told(outcome) == {
        "inherited_from": 2,
        "inherited": whole - OF_THE_CHANGED_EDGE,
        "parameters": whole,
        "epochs": 1,
    }
    assert outcome.epochs == 1
    assert [(r["epoch"], r["epochs"], r["inherited_from"]) for r in reports] == [(1, 1, 2)]
    json.dumps([reports, outcome.to_json()], allow_nan=False)


def test_training_starts_where_the_parent_ended(store):
    """At a rate of 0 and as many looks at the statistics, the child answers like its parent."""
    still = settings(inherited_learning_rate=1e-12, weight_decay=0, momentum=0)
    reports = []
    Inherit(still).evaluate(asked(Proposal(6, PARENT, (2,)), store, reports))
    before = store.get(2).weights
    after = store.get(6).weights
    moving = ("running_mean", "running_var", "num_batches_tracked")
    for name, array in before.items():
        if name.endswith(moving):
            assert not np.array_equal(array, after[name]), name
        else:
            np.testing.assert_allclose(after[name], array, atol=1e-7, err_msg=name)


def test_of_several_parents_the_first_that_left_weights_counts(store):
    estimator = Inherit(settings())
    outcome = estimator.evaluate(asked(Proposal(7, CHILD, (1, 2, 0)), store))
    assert told(outcome)["inherited_from"] == 2
    store.put(1, store.get(2))
    outcome = estimator.evaluate(asked(Proposal(7, CHILD, (1, 2)), store))
    assert told(outcome)["inherited_from"] == 1


def test_a_parent_that_left_nothing_is_said_and_means_training_from_scratch(tmp_path):
    lost = FolderWeightStore(tmp_path / "lost")
    reports, plain = [], []
    estimator = Inherit(settings(inherited_learning_rate=0.001))
    outcome = estimator.evaluate(asked(Proposal(9, CHILD, (2, 4)), lost, reports))
    fresh = Train(config(epochs=3)).evaluate(asked(Proposal(9, CHILD), NO_WEIGHTS, plain))
    assert outcome.values == fresh.values
    assert told(outcome) == {
        "inheritance": "parent left no weights",
        "inherited": 0,
        "parameters": parameters(CHILD),
        "epochs": 3,
    }
    assert {report.pop("inheritance") for report in reports} == {"parent left no weights"}
    assert without_seconds(reports) == without_seconds(plain)
    assert lost.get(9) is not None, "its own children may inherit again"


def test_trained_twice_it_leaves_the_same_bytes_in_memory_and_in_a_folder(tmp_path):
    found = []
    for name in ("one", "two"):
        folder, memory = FolderWeightStore(tmp_path / name), MemoryWeightStore()
        for weights in (folder, memory):
            for proposal in (Proposal(0, PARENT), Proposal(1, CHILD, (0,))):
                outcome = Inherit(settings()).evaluate(asked(proposal, weights))
            found.append(outcome)
        for number in (0, 1):
            kept, held = folder.get(number), memory.get(number)
            assert kept.architecture == held.architecture
            assert {k: v.tobytes() for k, v in kept.weights.items()} == {
                k: v.tobytes() for k, v in held.weights.items()
            }
    assert found[1:] == found[:1] * 3
    for file in ("0.npz", "1.npz"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_what_ends_badly_leaves_nothing():
    weights = MemoryWeightStore()
    outcome = Inherit(settings(learning_rate=1e6)).evaluate(asked(Proposal(0, PARENT), weights))
    assert outcome.state == "diverged"
    assert weights.get(0) is None


def test_weights_are_copies_of_their_own_in_types_numpy_knows():
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)).bfloat16()
    with torch.no_grad():
        network[0].weight.fill_(1 / 3)
    half = torch.nn.Linear(2, 2).half()
    legacy = checkpoint_of(PARENT, network)
    assert legacy.weights["0.weight"].dtype == np.float32
    assert checkpoint_of(PARENT, half).weights["weight"].dtype == np.float16
    assert legacy.weights["1.num_batches_tracked"] == 0
    tensors = tensors_of(legacy)
    assert torch.equal(tensors["0.weight"].bfloat16(), network[0].weight), "nothing is lost"
    with torch.no_grad():
        network[0].weight.zero_()
        tensors["0.weight"].zero_()
    assert legacy.weights["0.weight"].min() > 0.3
    with pytest.raises(ValueError, match="read-only"):
        legacy.weights["0.weight"][0] = 5


def test_rate_and_batch_size_that_a_strategy_learned_are_used_and_reported(store):
    note = {"training": {"learning_rate": 0.02, "batch_size": 100}, "generation": 3}
    proposal = Proposal(3, PARENT, note=note)
    for estimator in (Train(config(epochs=2)), Inherit(settings(epochs=2))):
        reports = []
        outcome = estimator.evaluate(asked(proposal, NO_WEIGHTS, reports))
        same = Train(config(epochs=2, learning_rate=0.02, batch_size=100))
        assert outcome.values == same.evaluate(asked(Proposal(3, PARENT), NO_WEIGHTS)).values
        detail = outcome.measurements[0].detail
        assert (detail["learning_rate"], detail["batch"]) == (0.02, 100)
        # Two epochs of three steps, the last of them at five sixths of half a cosine.
        assert reports[-1]["learning_rate"] == pytest.approx(0.02 * (1 - np.sqrt(0.75)) / 2)
    child = Proposal(4, PARENT, (2,), note={"training": {"learning_rate": 0.02}})
    estimator = Inherit(settings(inherited_learning_rate=0.001))
    assert estimator.evaluate(asked(child, store)).measurements[0].detail["learning_rate"] == 0.02
    plain = dataclasses.replace(child, note={})
    assert estimator.evaluate(asked(plain, store)).measurements[0].detail["learning_rate"] == 0.001


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"learning_rate": -1}, r"note.training.learning_rate: must be at least 0 \(got -1"),
        ({"batch_size": 1}, r"note.training.batch_size: must be at least 2 \(got 1"),
        ({"batch_size": 32.5}, r"note.training.batch_size: must be a whole number \(got 32.5"),
        ({"learning_rate": float("nan")}, r"note.training.learning_rate: must be finite \(got nan"),
        ({"epochs": 500}, "it may hold learning_rate and batch_size alone"),
        ([0.1], "it may hold learning_rate and batch_size alone"),
        ({"learning_rate": 0.001}, "note.training.final_learning_rate: 0.01 is above"),
    ],
)
def test_a_bad_note_is_refused(training, message):
    with pytest.raises(EngineError, match=message):
        learned(config(final_learning_rate=0.01), {"training": training})


def test_a_note_about_other_things_changes_nothing():
    assert learned(config(), {"generation": 1, "training": {}}) == config()
    assert learned(config(), {}) == config()


def test_settings_of_children_go_together():
    with pytest.raises(InvalidSettings) as refusal:
        settings(warm_up=2, final_learning_rate=0.01, inherited_learning_rate=0.001)
    assert refusal.value.errors == {
        "inherited_epochs": "1 leaves none after 2 epochs of rising: raise it, or lower warm_up",
        "inherited_learning_rate": "0.001 is below final_learning_rate 0.01: a schedule falls",
    }
    with pytest.raises(InvalidSettings, match="warm_up: 4 epochs of rising leave none of 3"):
        settings(warm_up=4, inherited_epochs=5)


def test_a_space_that_passes_nothing_on_is_refused_when_the_search_is_made(monkeypatch):
    from tests.fixtures.toy import install

    install(monkeypatch)
    with pytest.raises(InvalidSettings) as refusal:
        assembly.check(SearchSpec(space="toy", strategy="random", estimator="inherit"))
    assert refusal.value.errors == {
        "estimator": "inherit needs a space that passes weights on, which toy does not: "
        "choose another space, or the estimator train"
    }
    for space in ("nb201", "cell"):
        assembly.check(SearchSpec(space=space, strategy="random", estimator="inherit"))


def test_one_epoch_after_a_parent_is_worth_more_than_one_alone():
    """The point of it, on a pair: benchmarks/inheritance.py has the figures."""
    weights = MemoryWeightStore()
    Inherit(settings()).evaluate(asked(Proposal(0, PARENT), weights, limit=None))
    once = Inherit(settings(epochs=1))
    heir = once.evaluate(asked(Proposal(1, CHILD, (0,)), weights, limit=None))
    fresh = once.evaluate(asked(Proposal(1, CHILD), weights, limit=None))
    assert heir.values["error"] < fresh.values["error"] - 20
