"""One-shot searches on few images: repeatable, resumable, correctly scored."""

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

SPEC = SearchSpec(
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
    SPEC,
    strategy="random-sharing",
    strategy_config={"epochs": 2, "sampled": 6, "proofs": 2, "watched": 2},
)
ENAS = dataclasses.replace(
    SPEC,
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
METHODS = [SPEC, RANDOM, ENAS]
TEXT = "replaced by the path of the test"
# The same three methods on text.
TEXTS = [
    dataclasses.replace(
        spec,
        space="recurrent-cell",
        dataset="text",
        objectives=("perplexity",),
        space_config={"hidden": 8, "nodes": 3},
        dataset_config={"path": TEXT, "words": "blanks"},
        strategy_config={**spec.strategy_config, "batch_size": 8, "bptt": 20, "epochs": 2},
        candidates=10,
    )
    for spec in METHODS
]
ALL = [*METHODS, *TEXTS]


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return write_text_parts(tmp_path_factory.mktemp("texts"), "", ".txt")


def located(spec, texts):
    """Return the settings with the path of the text files."""
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


def rows(result):
    return [
        (end.proposal.to_json(), end.outcome.state, end.outcome.values, untimed(end.outcome))
        for end in result.candidates
    ]


@pytest.fixture(scope="module")
def complete(texts):
    """Return a function that runs a search once per module: its result and its weights."""
    runs = {}

    def completed(spec):
        if id(spec) not in runs:
            store = MemoryWeightStore()
            runs[id(spec)] = run(located(spec, texts), weights=store), store
        return runs[id(spec)]

    return completed


def untimed(outcome):
    times = ("seconds", "train_seconds")
    return {name: value for name, value in outcome.findings.items() if name not in times}


@pytest.mark.parametrize("spec", ALL, ids=name_of)
def test_results_depend_only_on_the_seed(spec, complete, texts):
    once, _ = complete(spec)
    spec = located(spec, texts)
    assert rows(run(spec)) == rows(once)
    other = run(dataclasses.replace(spec, seed=5))
    assert rows(other) != rows(once)
    states = [end.outcome.state for end in once.candidates]
    assert set(states) == {"trained", "done"}
    assert once.best is not None
    epochs = [
        candidate.outcome.findings
        for candidate in once.candidates
        if "seconds" in candidate.outcome.findings
    ]
    assert all(0 < epoch["train_seconds"] <= epoch["seconds"] for epoch in epochs)
    counted = "train_words" if spec.space == "recurrent-cell" else "train_images"
    assert epochs and all(epoch[counted] > 0 for epoch in epochs)


@pytest.mark.parametrize("spec", ALL, ids=name_of)
def test_a_search_cancelled_after_any_epoch_resumes_with_equal_results(
    spec, complete, texts, tmp_path
):
    whole, _ = complete(spec)
    spec = located(spec, texts)
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
        history = [(end.proposal, end.outcome) for end in whole.candidates[:cut]]
        resumed = run(spec, history=history, weights=store)
        assert rows(resumed) == rows(whole)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("spec", [RANDOM, ENAS], ids=lambda spec: spec.strategy)
def test_every_space_with_a_supernet_is_searched(spec, space):
    config = {**spec.strategy_config, "epochs": 1}
    small = dataclasses.replace(
        spec, space=space, space_config=SPACES[space], strategy_config=config, candidates=4
    )
    states = [end.outcome.state for end in run(small).candidates]
    assert states == ["trained", "trained", "done", "done"]


def test_the_lstm_baseline_has_as_many_parameters_as_the_best_cell(complete):
    result, _ = complete(TEXTS[0])
    baseline = result.candidates[-1]
    assert baseline.proposal.note["do"] == "rival"
    assert baseline.proposal.architecture == result.best.proposal.architecture
    space = load("spaces", "recurrent-cell")
    space = space(space.Config(hidden=8, nodes=3))
    cell = space.build(baseline.proposal.architecture, (1,), 11)
    count = sum(p.numel() for p in cell.parameters())
    findings = baseline.outcome.findings
    # The number of hidden units is an integer, so the sizes differ.
    assert abs(findings["parameters"] - count) < 0.3 * count
    assert findings["values"]["perplexity"] > 1


def test_second_order_with_clipping_trains_on_text(complete, texts):
    spec = located(TEXTS[0], texts)
    config = {**spec.strategy_config, "order": "second", "epochs": 1}
    first = run(dataclasses.replace(spec, strategy_config=config)).candidates[0].outcome
    plain = complete(TEXTS[0])[0].candidates[0].outcome
    assert first.state == "trained"
    assert first.findings["alphas"] != plain.findings["alphas"]


def test_enas_reports_the_policy_of_its_controller(complete):
    result, _ = complete(ENAS)
    space = load("spaces", "nb201")
    space = space(space.Config())
    for end in result.candidates[:2]:
        findings = end.outcome.findings
        assert [len(row) for row in findings["policy"]] == [
            len(d.options) for d in space.decisions()
        ]
        assert all(abs(sum(row) - 1) < 1e-3 for row in findings["policy"])
        best = space.choices(space.parse(findings["best"]))
        likely = [row[choice] for row, choice in zip(findings["policy"], best, strict=True)]
        assert likely == [max(row) for row in findings["policy"]]
        assert 0 <= findings["reward"] <= 1
        assert 0 < findings["entropy"] <= 6 * np.log(5) + 1e-6
    errors = result.candidates[2].outcome.findings["errors"]
    assert errors == sorted(errors)


def test_an_epoch_trained_twice_stores_equal_checkpoints(complete):
    store, (whole, _) = MemoryWeightStore(), complete(SPEC)
    first, second = (end.proposal for end in whole.candidates[:2])
    for proposal in (first, second):
        evaluate(SPEC, proposal, silent, never, store)
    before = {name: array.copy() for name, array in store.get(1).weights.items()}
    again = evaluate(SPEC, second, silent, never, store)
    assert untimed(again) == untimed(whole.candidates[1].outcome)
    after = store.get(1).weights
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    names = set(before)
    assert "network/alphas.cell" in names
    assert any(name.endswith("momentum_buffer") for name in names)
    assert any(name.startswith("optimiser/alphas/") for name in names)


def test_only_the_last_two_checkpoints_are_kept(complete):
    _, store = complete(SPEC)
    assert [number for number in range(9) if store.get(number)] == [1, 2]


def test_an_epoch_without_its_checkpoint_fails_with_a_remedy(complete):
    proposal = complete(SPEC)[0].candidates[1].proposal
    outcome = evaluate(SPEC, proposal, silent, never, MemoryWeightStore())
    assert outcome.state == "failed"
    assert "checkpoint of candidate 0 is missing" in outcome.reason
    assert "common folder" in outcome.reason


def test_a_checkpoint_of_another_network_is_refused(complete):
    whole, store = complete(SPEC)
    other = dataclasses.replace(SPEC, space_config={"cells": 2, "channels": 4})
    foreign = run(other).candidates[2].proposal
    outcome = evaluate(other, foreign, silent, never, store)
    assert outcome.state == "failed"
    assert "does not fit" in outcome.reason
    assert whole.candidates[0].outcome.state == "trained"


def test_a_learning_rate_that_is_far_too_high_diverges_with_a_remedy():
    diverging = dataclasses.replace(
        SPEC, strategy_config={**SPEC.strategy_config, "learning_rate": 1e30}
    )
    result = run(diverging)
    assert [end.outcome.state for end in result.candidates] == ["diverged"]
    assert "lower the learning rate" in result.candidates[0].outcome.reason


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("no"), MemoryError()])
def test_running_out_of_memory_fails_with_a_remedy(error, monkeypatch):
    from nasengine.estimators.one_shot.darts import epoch as darts_epoch

    def full(*args, **kwargs):
        raise error

    monkeypatch.setattr(darts_epoch.DartsStep, "weight_step", full)
    result = run(dataclasses.replace(SPEC, candidates=8))
    reason = result.candidates[0].outcome.reason
    assert reason.startswith(f"out of memory on {find_device_context(TrainConfig()).device}")
    for remedy in ("batch_size", "channels", "cells", "partial"):
        assert remedy in reason


def test_a_cancelled_epoch_stores_no_checkpoint(complete):
    store = MemoryWeightStore()
    proposal = complete(SPEC)[0].candidates[0].proposal
    checks = []

    def second():
        checks.append(1)
        return len(checks) > 1

    with pytest.raises(Cancelled):
        evaluate(SPEC, proposal, silent, second, store)
    assert store.get(0) is None


def test_a_warm_up_does_not_change_the_architecture_parameters():
    spec = dataclasses.replace(
        SPEC, strategy_config={**SPEC.strategy_config, "warm_up": 2, "compared": 0}
    )
    trained = [end.outcome.findings for end in run(spec).candidates[:3]]
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
def test_every_variant_of_darts_trains(config):
    spec = dataclasses.replace(
        SPEC, strategy_config={**SPEC.strategy_config, "epochs": 1, **config}
    )
    first = run(spec).candidates[0].outcome
    assert first.state == "trained"
    assert ("eigenvalue" in first.findings) == ("stop" in config)
    assert ("cell_edges" in first.findings["alphas"]) == ("partial" in config)
    plain = run(dataclasses.replace(SPEC, strategy_config={**SPEC.strategy_config, "epochs": 1}))
    same = first.findings["alphas"] == plain.candidates[0].outcome.findings["alphas"]
    assert same == ("stop" in config)


def test_supernet_errors_are_those_of_the_architectures_on_the_valid_part(complete):
    """The expected errors are computed with the supernet of the checkpoint."""
    result, store = complete(SPEC)
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


def test_tables_and_spaces_without_a_supernet_are_refused():
    from nasengine.core.errors import InvalidSettings
    from nasengine.execution import assembly

    with pytest.raises(InvalidSettings) as refused:
        assembly.check(dataclasses.replace(SPEC, estimator="table", estimator_config={}))
    assert "from scratch, which the estimator table does not" in refused.value.errors["strategy"]
    with pytest.raises(InvalidSettings) as refused:
        assembly.check(dataclasses.replace(SPEC, space="dense-cell", space_config={}))
    assert "relaxed" in refused.value.errors["strategy"]


def test_invalid_genomes_in_a_note_are_refused(complete):
    result, store = complete(SPEC)
    proposal = result.candidates[3].proposal
    broken = dataclasses.replace(proposal, note={**proposal.note, "score": ["|nonsense~0|"]})
    outcome = evaluate(SPEC, broken, silent, never, store)
    assert outcome.state == "failed"
