"""Searches whose children inherit: the same in memory, in a folder, and gone on with."""

from __future__ import annotations

import pytest

from nasengine.__main__ import main
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import loop as search
from nasengine.execution.run_file import read_run
from nasengine.execution.weight_store import FolderWeightStore
from tests.fixtures.run_files import lines_without_durations

QUESTION = SearchSpec(
    space="nb201",
    space_config={"cells": 1, "channels": 4},
    strategy="regularised-evolution",
    strategy_config={"population": 3, "sample": 2},
    estimator="inherit",
    estimator_config={"epochs": 2, "inherited_epochs": 1, "threads": 1, "device": "cpu"},
    dataset="digits",
    dataset_config={"limit": 200},
    candidates=9,
    in_flight=2,
    seed=5,
)
WORDS = [
    "search", "--space", "nb201", "--strategy", "regularised-evolution",
    "--set", "cells=1", "--set", "channels=4",
    "--set", "population=3", "--set", "sample=2", "--estimator", "inherit",
    "--set", "epochs=2", "--set", "inherited_epochs=1", "--set", "threads=1",
    "--set", "device=cpu", "--set", "limit=200", "--candidates", "9", "--in-flight", "2",
    "--seed", "5",
]  # fmt: skip


class Stop(Exception):
    """The process is interrupted."""


def origins(result):
    """Return the candidate whose weights each number inherits, or its message."""
    found = {}
    for candidate in result.candidates:
        detail = candidate.outcome.measurements[0].detail
        found[candidate.proposal.number] = detail.get("inherited_from", detail.get("inheritance"))
    return found


@pytest.fixture(scope="module")
def whole():
    return search.run(QUESTION)


def test_children_inherit_from_their_parents_and_train_for_less(whole):
    parents = {
        candidate.proposal.number: candidate.proposal.parents for candidate in whole.candidates
    }
    assert {n: p[0] if p else None for n, p in parents.items()} == origins(whole)
    assert sum(bool(p) for p in parents.values()) >= 4
    for candidate in whole.candidates:
        assert candidate.outcome.state == "done"
        assert candidate.outcome.epochs == (1 if candidate.proposal.parents else 2)


def test_in_a_folder_and_in_memory_it_is_the_same_search(whole, tmp_path):
    assert search.run(QUESTION).candidates == whole.candidates
    folder = tmp_path / "weights"
    assert search.run(QUESTION, weights=FolderWeightStore(folder)).candidates == whole.candidates
    assert sorted(path.name for path in folder.iterdir()) == [f"{n}.npz" for n in range(9)]


@pytest.mark.parametrize("cut", [2, 6])
def test_gone_on_with_over_the_same_weights_it_ends_the_same(whole, tmp_path, cut):
    weights = FolderWeightStore(tmp_path)
    ended = []

    def pull(event):
        if event.kind == "outcome":
            ended.append(event.number)
            if len(ended) > cut:  # trained, its weights kept, not reported
                raise Stop

    with pytest.raises(Stop):
        search.run(QUESTION, pull, weights=weights)
    history = [(candidate.proposal, candidate.outcome) for candidate in whole.candidates[:cut]]
    assert search.run(QUESTION, history=history, weights=weights).candidates == whole.candidates


def test_gone_on_with_without_them_children_of_the_lost_say_so(whole):
    history = [(candidate.proposal, candidate.outcome) for candidate in whole.candidates[:6]]
    points = []
    result = search.run(QUESTION, points.append, history=history)
    assert result.candidates[:6] == whole.candidates[:6]
    said = origins(result)
    orphans = [
        candidate.proposal.number
        for candidate in result.candidates[6:]
        if candidate.proposal.parents[0] < 6
    ]
    assert orphans, "a child whose parent has ended"
    for candidate in result.candidates[6:]:
        lost = candidate.proposal.number in orphans
        assert said[candidate.proposal.number] == (
            "parent left no weights" if lost else candidate.proposal.parents[0]
        )
        assert candidate.outcome.epochs == (2 if lost else 1)
    reported = {p.number for p in points if p.kind == "epoch" and "inheritance" in p.item}
    assert reported == set(orphans)


def test_the_command_line_keeps_weights_beside_its_file(capsys, tmp_path):
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    assert main([*WORDS, "--out", str(whole)]) == 0
    folder = tmp_path / "whole.jsonl.weights"
    assert len(list(folder.iterdir())) == 9
    assert "inherited_from" in capsys.readouterr().err
    lines = whole.read_bytes().splitlines(keepends=True)
    cut.write_bytes(b"".join(lines[:7]) + lines[7][:50])
    folder.rename(tmp_path / "cut.jsonl.weights")
    assert main([*WORDS, "--out", str(cut), "--resume"]) == 0
    assert lines_without_durations(cut) == lines_without_durations(whole)
    capsys.readouterr()


def test_weights_of_an_earlier_run_are_not_taken_for_its_own(capsys, tmp_path):
    out = tmp_path / "run.jsonl"
    (tmp_path / "run.jsonl.weights").mkdir()
    assert main([*WORDS, "--out", str(out), "--resume"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "run.jsonl.weights exists already, and " in error
    assert "remove the weights of that earlier run, or name another file" in error
    assert not out.exists()


def test_a_search_that_inherits_nothing_makes_no_folder(capsys, tmp_path):
    out = tmp_path / "run.jsonl"
    exchanged = {"inherit": "train", "inherited_epochs=1": "momentum=0.8"}
    assert main([*(exchanged.get(word, word) for word in WORDS), "--out", str(out)]) == 0
    assert len(read_run(out).candidates) == 9
    assert [path.name for path in tmp_path.iterdir()] == ["run.jsonl"]
    capsys.readouterr()
