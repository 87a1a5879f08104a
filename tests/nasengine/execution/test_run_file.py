"""A search as a file: what a line holds, and files that were cut off anywhere."""

from __future__ import annotations

import json

import pytest

from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError
from nasengine.core.measurement import Measurement
from nasengine.core.objective import Goal
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.execution.run_file import RunFile, read_run
from nasengine.spaces.cell.space import CellSpace
from nasengine.spaces.nb201.space import NB201Config, NB201Space

SPACE = NB201Space(NB201Config())
TEXT = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|"
GOALS = (Goal("error", "error", None, "lower", "%"),)
QUESTION = SearchSpec(space="nb201", objectives=("error",), seed=2**62 + 1, candidates=3)
ENDED = [
    (
        Proposal(0, SPACE.parse(TEXT)),
        Outcome(0, "done", (Measurement("error", 5.25, "%", detail={"batch": 64}),), epochs=2),
    ),
    (
        Proposal(1, SPACE.parse(TEXT.replace("3x3", "1x1")), (0,), "mutation"),
        Outcome(1, "diverged", reason="loss is nan in epoch 1: é\ufffd"),
    ),
]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "run.jsonl"
    file = RunFile(path, SPACE)
    file.begin(QUESTION, GOALS)
    for proposal, outcome in ENDED:
        file.add(proposal, outcome, seed=17)
    return path


def test_lines_hold_what_the_format_promises(path):
    head, first, second = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert head["kind"] == "run"
    assert (head["space"], head["seed"], head["objectives"]) == ("nb201", 2**62 + 1, ["error"])
    assert SearchSpec.from_json(head["question"]) == QUESTION
    assert (first["kind"], first["number"], first["state"], first["seed"]) == (
        "candidate",
        0,
        "done",
        17,
    )
    assert (first["parents"], second["parents"]) == ([], [0])
    assert first["arch_str"] == first["text"] == TEXT
    assert Architecture.from_json(first["architecture"]) == SPACE.parse(TEXT)
    assert second["reason"] == "loss is nan in epoch 1: é\ufffd"
    [measurement] = first["measurements"]
    assert {k: measurement[k] for k in ("objective", "value", "unit", "device", "method")} == {
        "objective": "error",
        "value": 5.25,
        "unit": "%",
        "device": None,
        "method": "measured",
    }


def test_only_a_genome_that_is_a_text_stands_under_arch_str(tmp_path):
    import numpy as np

    space = CellSpace(CellSpace.Config())
    path = tmp_path / "cell.jsonl"
    proposal = Proposal(0, space.sample(np.random.default_rng(0)))
    file = RunFile(path, space)
    file.begin(QUESTION, GOALS)
    file.add(proposal, Outcome(0, "failed", reason="so"), 1)
    line = json.loads(path.read_text().splitlines()[1])
    assert "arch_str" not in line
    assert line["text"] == space.text(proposal.architecture)


def test_what_was_written_is_read(path):
    stored = read_run(path)
    assert (stored.spec, stored.goals) == (QUESTION, GOALS)
    assert list(stored.candidates) == ENDED
    assert stored.size == path.stat().st_size


def test_cut_off_anywhere_a_file_holds_its_whole_lines(path):
    whole = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(ends[0], len(whole) + 1):
        path.write_bytes(whole[:cut])
        stored = read_run(path)
        assert stored.size == max(end for end in ends if end <= cut)
        assert len(stored.candidates) == sum(end <= cut for end in ends[1:])
    path.write_bytes(whole[: ends[1] + 20])
    file = RunFile(path, SPACE)
    file.continue_from(read_run(path), QUESTION)
    file.add(*ENDED[1], seed=17)
    assert path.read_bytes() == whole


def test_nothing_is_written_over(path):
    with pytest.raises(EngineError, match="exists already: continue it with --resume"):
        RunFile(path, SPACE).begin(QUESTION, GOALS)
    with pytest.raises(EngineError, match="cannot be written"):
        RunFile(path.parent / "absent" / "run.jsonl", SPACE).begin(QUESTION, GOALS)


def lines_with(path, changed):
    lines = path.read_bytes().splitlines(keepends=True)
    for place, line in changed.items():
        lines[place] = line
    path.write_bytes(b"".join(lines))
    with pytest.raises(EngineError) as caught:
        read_run(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_files_of_another_kind_are_refused(path, tmp_path):
    assert "cannot be read" in lines_with_text(tmp_path / "absent")
    for content in (b"", b"\n", b"{", b"[]\n", b'{"kind":"candidate"}\n', b"\xff\n", b"x,y\n1,2\n"):
        other = tmp_path / "other"
        other.write_bytes(content)
        assert lines_with_text(other)
    assert "line 2 of" in lines_with(path, {1: b"{broken\n"})


def lines_with_text(path):
    with pytest.raises(EngineError) as caught:
        read_run(path)
    return str(caught.value)


def test_broken_candidates_and_versions_are_refused(path):
    second = path.read_bytes().splitlines(keepends=True)[2]
    assert "has a candidate twice" in lines_with(path, {1: second})
    assert "is not a candidate" in lines_with(path, {1: b'{"kind":"candidate"}\n'})
    head = json.loads(path.read_bytes().splitlines()[0])
    newer = json.dumps({**head, "version": 99}).encode() + b"\n"
    assert "version 99" in lines_with(path, {0: newer})
    bare = json.dumps({"kind": "run", "version": 1}).encode() + b"\n"
    assert "first line without 'question'" in lines_with(path, {0: bare, 1: second, 2: b""})
