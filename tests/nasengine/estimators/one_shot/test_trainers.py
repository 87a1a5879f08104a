"""Searches with shared weights for real, on few images: repeatable, resumable, honest."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from nasengine.catalog import load
from nasengine.core.errors import Cancelled
from nasengine.core.search_spec import SearchSpec
from nasengine.core.weight_store import MemoryWeightStore
from nasengine.estimators.training.config import TrainConfig
from nasengine.estimators.training.device_context import find_device_context
from nasengine.execution.evaluation import evaluate
from nasengine.execution.loop import run
from nasengine.execution.weight_store import FolderWeightStore
from tests.fixtures.dataset_files import write_text_parts

QUESTION = SearchSpec(
    space="nb201",
    strategy="darts",
    dataset="digits",
    objectives=("error",),
    candidates=9,
    seed=4,
    space_config={"cells": 1, "channels": 4},
    strategy_config={"epochs": 3, "compared": 1, "batch_size": 32},
    estimator_config={"epochs": 1},
    dataset_config={"limit": 200},
)
RANDOM = dataclasses.replace(
    QUESTION,
    strategy="random-sharing",
    strategy_config={"epochs": 2, "sampled": 6, "proofs": 2, "watched": 2},
)
ENAS = dataclasses.replace(
    QUESTION,
    strategy="enas",
    strategy_config={
        "epochs": 2,
        "controller_steps": 3,
        "samples": 4,
        "hidden": 8,
        "sampled": 6,
        "proofs": 2,
    },
)
METHODS = [QUESTION, RANDOM, ENAS]
TEXT = "where the test puts it"
# The same three on text.
TEXTS = [
    dataclasses.replace(
        one,
        space="recurrent-cell",
        dataset="text",
        objectives=("perplexity",),
        space_config={"hidden": 8, "nodes": 3},
        dataset_config={"path": TEXT, "words": "blanks"},
        strategy_config={**one.strategy_config, "batch_size": 8, "bptt": 20, "epochs": 2},
        candidates=10,
    )
    for one in METHODS
]
ALL = [*METHODS, *TEXTS]


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return write_text_parts(tmp_path_factory.mktemp("texts"), "", ".txt")


def found_in(spec, texts):
    """The question with the text that was made for it."""
    if spec.dataset != "text":
        return spec
    config = {**spec.dataset_config, "path": str(texts)}
    return dataclasses.replace(spec, dataset_config=config)


def name_of(spec):
    return f"{spec.strategy}-{spec.space}"


SPACES = {
    "cell": {"cells": 3, "channels": 2, "nodes": 2},
    "enas-micro": {"cells": 3, "channels": 2, "nodes": 2},
    "enas-macro": {"layers": 3, "channels": 2},
}


def silent(point):
    pass


def never():
    return False


def told(result):
    return [
        (one.proposal.to_json(), one.outcome.state, one.outcome.values, untimed(one.outcome))
        for one in result.candidates
    ]


def untimed(outcome):
    return {name: value for name, value in outcome.findings.items() if name != "seconds"}


@pytest.mark.parametrize("spec", ALL, ids=name_of)
def test_the_same_seed_finds_the_same_and_another_one_does_not(spec, texts):
    spec = found_in(spec, texts)
    once, again = run(spec), run(spec)
    assert told(once) == told(again)
    other = run(dataclasses.replace(spec, seed=5))
    assert told(other) != told(once)
    states = [one.outcome.state for one in once.candidates]
    assert set(states) == {"trained", "done"}
    assert once.best is not None


@pytest.mark.parametrize("spec", ALL, ids=name_of)
def test_killed_at_any_epoch_it_ends_with_the_same(spec, texts, tmp_path):
    spec = found_in(spec, texts)
    whole = run(spec)
    for cut in (1, 2, 3):
        store = FolderWeightStore(tmp_path / f"{spec.strategy}-{cut}")
        past = []
        with pytest.raises(Cancelled):
            run(
                spec,
                lambda event, past=past: past.append(event) if event.kind == "outcome" else None,
                cancelled=lambda past=past, cut=cut: len(past) == cut,
                weights=store,
            )
        history = [(one.proposal, one.outcome) for one in whole.candidates[:cut]]
        gone_on = run(spec, history=history, weights=store)
        assert told(gone_on) == told(whole)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("spec", [RANDOM, ENAS], ids=lambda one: one.strategy)
def test_they_search_every_space_that_shares(spec, space):
    config = {**spec.strategy_config, "epochs": 1}
    here = dataclasses.replace(
        spec, space=space, space_config=SPACES[space], strategy_config=config, candidates=4
    )
    states = [one.outcome.state for one in run(here).candidates]
    assert states == ["trained", "trained", "done", "done"]


def test_a_rival_of_the_best_cell_is_as_large_and_trained_alike(texts):
    result = run(found_in(TEXTS[0], texts))
    rival = result.candidates[-1]
    assert rival.proposal.note["do"] == "rival"
    assert rival.proposal.architecture == result.best.proposal.architecture
    space = load("spaces", "recurrent-cell")
    space = space(space.Config(hidden=8, nodes=3))
    cell = space.build(rival.proposal.architecture, (1,), 11)
    count = sum(one.numel() for one in cell.parameters())
    found = rival.outcome.findings
    assert abs(found["parameters"] - count) < 0.3 * count  # hidden units are whole
    assert found["values"]["perplexity"] > 1


def test_second_order_and_its_clip_train_on_text(texts):
    spec = found_in(TEXTS[0], texts)
    config = {**spec.strategy_config, "order": "second", "epochs": 1}
    first = run(dataclasses.replace(spec, strategy_config=config)).candidates[0].outcome
    plain = run(spec).candidates[0].outcome
    assert first.state == "trained"
    assert first.findings["alphas"] != plain.findings["alphas"]


def test_enas_says_what_its_controller_leans_to():
    result = run(ENAS)
    space = load("spaces", "nb201")
    space = space(space.Config())
    for one in result.candidates[:2]:
        found = one.outcome.findings
        assert [len(row) for row in found["policy"]] == [len(d.options) for d in space.decisions()]
        assert all(abs(sum(row) - 1) < 1e-3 for row in found["policy"])
        best = space.choices(space.parse(found["best"]))
        likely = [row[choice] for row, choice in zip(found["policy"], best, strict=True)]
        assert likely == [max(row) for row in found["policy"]]
        assert 0 <= found["reward"] <= 1
        assert 0 < found["entropy"] <= 6 * np.log(5) + 1e-6
    errors = result.candidates[2].outcome.findings["errors"]
    assert errors == sorted(errors)


def test_an_epoch_done_twice_leaves_the_same_checkpoint():
    store, whole = MemoryWeightStore(), run(QUESTION)
    first, second = (one.proposal for one in whole.candidates[:2])
    for proposal in (first, second):
        evaluate(QUESTION, proposal, silent, never, store)
    before = {name: array.copy() for name, array in store.get(1).weights.items()}
    again = evaluate(QUESTION, second, silent, never, store)
    assert untimed(again) == untimed(whole.candidates[1].outcome)
    after = store.get(1).weights
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    names = set(before)
    assert "network/alphas.cell" in names
    assert any(name.endswith("momentum_buffer") for name in names)
    assert any(name.startswith("optimiser/alphas/") for name in names)


def test_only_the_last_two_checkpoints_are_kept():
    store = MemoryWeightStore()
    run(QUESTION, weights=store)
    assert [number for number in range(9) if store.get(number)] == [1, 2]


def test_without_its_checkpoint_an_epoch_fails_and_says_what_workers_need():
    proposal = run(QUESTION).candidates[1].proposal
    outcome = evaluate(QUESTION, proposal, silent, never, MemoryWeightStore())
    assert outcome.state == "failed"
    assert "candidate 0 left behind is not here" in outcome.reason
    assert "one folder" in outcome.reason


def test_a_checkpoint_of_another_network_is_refused():
    store = MemoryWeightStore()
    whole = run(QUESTION, weights=store)
    other = dataclasses.replace(QUESTION, space_config={"cells": 2, "channels": 4})
    theirs = run(other).candidates[2].proposal
    outcome = evaluate(other, theirs, silent, never, store)
    assert outcome.state == "failed"
    assert "does not fit" in outcome.reason
    assert whole.candidates[0].outcome.state == "trained"


def test_a_rate_that_explodes_ends_as_diverged_with_a_remedy():
    wild = dataclasses.replace(
        QUESTION, strategy_config={**QUESTION.strategy_config, "learning_rate": 1e30}
    )
    result = run(wild)
    assert [one.outcome.state for one in result.candidates] == ["diverged"]
    assert "lower the learning rate" in result.candidates[0].outcome.reason


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("no"), MemoryError()])
def test_out_of_memory_says_what_to_lower(error, monkeypatch):
    from nasengine.estimators.one_shot.darts import epoch as darts_epoch

    def full(*args, **more):
        raise error

    monkeypatch.setattr(darts_epoch.DartsStep, "weigh", full)
    result = run(dataclasses.replace(QUESTION, candidates=8))
    reason = result.candidates[0].outcome.reason
    assert reason.startswith(f"out of memory on {find_device_context(TrainConfig()).device}")
    for remedy in ("batch_size", "channels", "cells", "partial"):
        assert remedy in reason


def test_cancelled_between_steps_nothing_is_left_behind():
    store = MemoryWeightStore()
    proposal = run(QUESTION).candidates[0].proposal
    asked = []

    def second():
        asked.append(1)
        return len(asked) > 1

    with pytest.raises(Cancelled):
        evaluate(QUESTION, proposal, silent, second, store)
    assert store.get(0) is None


def test_a_warm_up_leaves_the_architecture_as_it_was():
    spec = dataclasses.replace(
        QUESTION, strategy_config={**QUESTION.strategy_config, "warm_up": 2, "compared": 0}
    )
    trained = [one.outcome.findings for one in run(spec).candidates[:3]]
    assert trained[0]["alphas"] == trained[1]["alphas"]
    assert "valid_loss" not in trained[1]
    assert trained[2]["alphas"] != trained[1]["alphas"]
    assert trained[2]["valid_loss"] > 0


@pytest.mark.parametrize(
    "config",
    [
        {"order": "second"},
        {"partial": 2},
        {"stop": "eigenvalue", "eigenvalue_every": 1},
        {"weights_portion": 0.8},
    ],
)
def test_every_repair_trains(config):
    spec = dataclasses.replace(
        QUESTION, strategy_config={**QUESTION.strategy_config, "epochs": 1, **config}
    )
    first = run(spec).candidates[0].outcome
    assert first.state == "trained"
    assert ("eigenvalue" in first.findings) == ("stop" in config)
    assert ("cell_edges" in first.findings["alphas"]) == ("partial" in config)
    plain = run(
        dataclasses.replace(QUESTION, strategy_config={**QUESTION.strategy_config, "epochs": 1})
    )
    same = first.findings["alphas"] == plain.candidates[0].outcome.findings["alphas"]
    assert same == ("stop" in config)


def test_shared_errors_are_those_of_the_chosen_operations_on_the_validation_part():
    """Scored by hand on the network of the checkpoint."""
    store = MemoryWeightStore()
    result = run(QUESTION, weights=store)
    derive = result.candidates[3]
    assert derive.proposal.note["do"] == "derive"
    space = load("spaces", "nb201")
    space = space(space.Config(cells=1, channels=4))
    network = space.build(space.supernet(), (1, 8, 8), 10)
    arrays = store.get(2).weights
    network.load_state_dict(
        {
            name.removeprefix("network/"): torch.from_numpy(array)
            for name, array in arrays.items()
            if name.startswith("network/")
        }
    )
    dataset = load("datasets", "digits")
    valid = dataset(dataset.Config(limit=200)).search_parts()[1]
    assert len(valid.labels) < 512
    for genome, error in zip(
        derive.proposal.note["score"], derive.outcome.findings["errors"], strict=True
    ):
        choices = space.choices(space.parse(genome))
        wrong = 0
        for start in range(0, len(valid.labels), 256):
            part = slice(start, start + 256)
            with torch.no_grad():
                answers = network.forward_architecture(valid.images[part], choices).argmax(1)
            wrong += int((answers != valid.labels[part]).sum())
        assert error == pytest.approx(100 * wrong / len(valid.labels), rel=1e-5)


def test_a_table_cannot_train_what_shares_weights():
    from nasengine.core.errors import InvalidSettings
    from nasengine.execution import assembly

    with pytest.raises(InvalidSettings) as refused:
        assembly.check(dataclasses.replace(QUESTION, estimator="table", estimator_config={}))
    assert "no candidate is trained alone" in refused.value.errors["strategy"]
    with pytest.raises(InvalidSettings) as refused:
        assembly.check(dataclasses.replace(QUESTION, space="dense-cell", space_config={}))
    assert "relaxed" in refused.value.errors["strategy"]


def test_a_derived_score_list_is_checked_by_the_space():
    proposal = run(QUESTION).candidates[3].proposal
    store = MemoryWeightStore()
    run(QUESTION, weights=store)
    broken = dataclasses.replace(proposal, note={**proposal.note, "score": ["|nonsense~0|"]})
    outcome = evaluate(QUESTION, broken, silent, never, store)
    assert outcome.state == "failed"
