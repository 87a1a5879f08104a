"""Searches that train in parts: trainings on digits, and lookups in a table."""

from __future__ import annotations

import csv
import dataclasses
import itertools

import pytest

from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.execution.loop import run
from nasengine.execution.run_file import load_run
from nasengine.execution.search import extend, run_search

TRAINED = SearchSpec(
    space="cell",
    space_config={"cells": 1, "channels": 4, "nodes": 2},
    estimator_config={"epochs": 3, "batch_size": 40, "threads": 1},
    dataset_config={"limit": 80},
    strategy="random",
    candidates=4,
    in_flight=2,
    seed=5,
)
SHORT = dataclasses.replace(TRAINED, fewer_epochs="asha", first_epochs=1, reduction=2)


@pytest.fixture(scope="module")
def whole():
    return run(TRAINED)


@pytest.fixture(scope="module")
def short():
    return run(SHORT)


def test_a_training_in_parts_equals_the_whole(whole, short):
    """Pauses change neither weights nor order: the finished candidates have the same errors."""
    done = [candidate for candidate in short.candidates if candidate.state == "done"]
    assert done and len(done) < len(short.candidates)
    for candidate in done:
        assert candidate.values == whole.candidate(candidate.number).values
        assert candidate.outcome.training.reached == 3
    others = [candidate for candidate in short.candidates if candidate.state != "done"]
    assert {candidate.state for candidate in others} == {"stopped"}
    assert all(candidate.outcome.epochs < 3 for candidate in others)


def test_only_finished_trainings_are_best_and_on_the_front(short):
    assert short.best.state == "done"
    assert {candidate.state for candidate in short.front} == {"done"}


@pytest.mark.parametrize("cut", [1, 4])
def test_an_interrupted_search_ends_with_the_same(short, cut):
    again = run(SHORT, history=short.parts[:cut])
    assert [c.outcome for c in again.candidates] == [c.outcome for c in short.candidates]


def test_the_run_file_keeps_the_parts(short, tmp_path):
    short.save(tmp_path / "run.jsonl")
    loaded = load_run(tmp_path / "run.jsonl")
    assert [c.outcome for c in loaded.candidates] == [c.outcome for c in short.candidates]
    assert sorted(loaded.parts, key=repr) == sorted(short.parts, key=repr)
    events = []
    run_search(
        loaded.spec,
        history=[*loaded.parts, *((c.proposal, c.outcome) for c in loaded.candidates)],
        progress=False,
        on_event=events.append,
    )
    assert events == []  # everything was replayed


def table(folder):
    """Return a table of the first cells of nb201 with results after 1, 2 and 4 epochs."""
    space = assembly.make_space(SearchSpec(space="nb201"))
    path = folder / "table.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["arch", "size", "one", "two", "four"])
        for position, cell in enumerate(itertools.islice(space.enumerate(), 15_625)):
            quality = (position * 7919) % 1000 / 10
            writer.writerow([space.text(cell), position, quality / 4, quality / 2, quality])
    return path


@pytest.fixture(scope="module")
def looked_up(tmp_path_factory):
    """The settings of a search in a table with columns of several epochs."""
    return SearchSpec(
        space="nb201",
        strategy="regularised-evolution",
        estimator="table",
        estimator_config={
            "path": str(table(tmp_path_factory.mktemp("table"))),
            "architecture": "arch",
            "columns": ("error=four:100-x:%", "params=size"),
            "partial": ("1:error=one:100-x:%", "2:error=two:100-x:%"),
            "epochs": 4,
        },
        dataset="any",
        candidates=30,
        fewer_epochs="asha",
        reduction=2,
    )


@pytest.mark.parametrize("method", ["halving", "asha", "median", "curves"])
def test_tables_with_columns_of_several_epochs(looked_up, method):
    spec = dataclasses.replace(looked_up, fewer_epochs=method, min_curves=6)
    result = run(spec)
    states = {candidate.state for candidate in result.candidates}
    assert len(result.candidates) == 30 and states == {"done", "stopped"}
    done = [c.outcome.training for c in result.candidates if c.state == "done"]
    assert {training.reached for training in done} == {4}
    assert sum(c.outcome.epochs for c in result.candidates) < 30 * 4
    assert result.front


def test_separate_trainings_cost_all_their_epochs(looked_up):
    config = {**looked_up.estimator_config, "separate": True}
    result = run(dataclasses.replace(looked_up, estimator_config=config))
    assert {c.outcome.epochs for c in result.candidates if c.state == "done"} == {1 + 2 + 4}


def test_an_extended_search_continues(looked_up):
    longer = extend(run(looked_up), 40, progress=False)
    whole = run(dataclasses.replace(looked_up, candidates=40))
    assert [c.outcome for c in longer.candidates] == [c.outcome for c in whole.candidates]


@pytest.mark.parametrize(
    ("changes", "part", "message"),
    [
        ({"fewer_epochs": "sometimes"}, "fewer_epochs", "one of off, halving"),
        ({"strategy": "darts", "fewer_epochs": "asha"}, "fewer_epochs", "must be off with darts"),
        (
            {
                "objectives": ("error", "latency@pi4"),
                "devices": {"pi4": {"batch": 1, "profile": ""}},
                "fewer_epochs": "asha",
            },
            "fewer_epochs",
            "must be off with latency@pi4",
        ),
        (
            {"estimator": "table", "estimator_config": {"path": "digits-nb201"}, "space": "nb201",
             "fewer_epochs": "asha"},
            "fewer_epochs",
            "needs results after fewer epochs",
        ),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit(changes, part, message):
    spec = dataclasses.replace(TRAINED, space_config={}, dataset_config={}, **changes)
    with pytest.raises(InvalidSettings) as caught:
        assembly.check(spec)
    assert message in caught.value.errors[part]


@pytest.mark.parametrize(
    ("changes", "name", "message"),
    [
        ({"partial": ("error=one",)}, "partial", "EPOCHS:OBJECTIVE=COLUMN"),
        ({"epochs": 2}, "epochs", "must be above 2"),
        ({"partial": ("1:error=one", "1:error=two")}, "partial", "the same epochs twice"),
        ({"partial": ("1:error=three:100-x:%",)}, "partial", "three is not in the table"),
    ],
)
def test_partial_columns_that_do_not_fit(looked_up, changes, name, message):
    spec = dataclasses.replace(
        looked_up, estimator_config={**looked_up.estimator_config, **changes}
    )
    with pytest.raises(InvalidSettings) as caught:
        assembly.check(spec)
    assert message in caught.value.errors[f"estimator_config.{name}"]
