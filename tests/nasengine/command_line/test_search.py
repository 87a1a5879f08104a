"""`search` and `front`: routing of settings, files, refusals in one line, interruptions."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nasengine.__main__ import main, parser
from nasengine.command_line import search as command
from nasengine.pareto import non_dominated
from tests.fixtures.run_files import lines_without_durations
from tests.fixtures.tables import rows, write_table

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("tables") / "made.csv.gz")


def words(table, *more):
    return ["search", "--space", "nb201", "--strategy", "regularised-evolution",
            "--table", str(table), "--candidates", "30", *more]  # fmt: skip


def document(capsys, *given):
    assert main([*given, "--json"]) == 0
    out, err = capsys.readouterr()
    return json.loads(out), err


def refusal(capsys, *given):
    """The one line on stderr of a command that is refused."""
    try:
        status = main(list(given))
    except SystemExit as error:  # the parser's own way
        status = error.code
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_search_prints_and_keeps_what_it_finds(capsys, table, tmp_path):
    path = tmp_path / "run.jsonl"
    found, err = document(
        capsys, *words(table, "--objectives", "error,params", "--seed", "5", "--out", str(path))
    )
    head, *candidates = lines_of(path)
    assert (head["kind"], head["dataset"], head["seed"]) == ("run", "cifar10", 5)
    assert [line["number"] for line in candidates] == list(range(30))
    by_text = {row["arch_str"]: row for row in rows()}
    values = []
    for line in candidates:
        measured = {m["objective"]: m["value"] for m in line["measurements"]}
        row = by_text[line["arch_str"]]
        assert measured["error"] == pytest.approx(100 - float(row["c10_val_acc_200"]))
        values.append([measured["error"], measured["params"]])
    front = [i for i, on in enumerate(non_dominated(values)) if on]
    assert [one["number"] for one in found["front"]] == front
    best = min(range(30), key=lambda i: values[i][0])
    assert found["best"]["number"] == best
    accuracy = float(by_text[candidates[best]["arch_str"]]["c10_test_acc_200"])
    assert found["best"]["test_accuracy"] == pytest.approx(accuracy)
    assert 0 < found["hypervolume"] < 1
    assert found["states"] == {"done": 30}
    assert len(err.splitlines()) == 30
    assert err.splitlines()[-1].startswith("30/30 candidate 29 done: error ")
    again, _ = document(capsys, "front", str(path))
    assert again == found


def test_the_summary_reads_well(capsys, table):
    assert main(words(table, "--objectives", "error,params", "--constraint", "params<9e4")) == 0
    out = capsys.readouterr().out
    assert "violates the constraints, as all candidates do, but least" in out
    assert main(words(table, "--objectives", "error,latency@raspi4", "--dataset", "cifar100")) == 0
    out = capsys.readouterr().out
    for part in ("candidates   30 (30 done)", "best         candidate", "test         accuracy",
                 "hypervolume  0.", "latency@raspi4"):  # fmt: skip
        assert part in out


def test_the_same_words_write_the_same_file(capsys, table, tmp_path):
    paths = [tmp_path / name for name in ("a.jsonl", "b.jsonl")]
    for path in paths:
        assert main(words(table, "--out", str(path), "--in-flight", "3")) == 0
    capsys.readouterr()
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("lines", [1, 2, 17, 31])
@pytest.mark.parametrize("torn", [b"", b'{"kind":"candidate","num'])
def test_resuming_writes_what_was_missing_and_nothing_else(capsys, table, tmp_path, lines, torn):
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    given = words(table, "--set", "population=6", "--set", "sample=2", "--in-flight", "2")
    found, _ = document(capsys, *given, "--out", str(whole))
    cut.write_bytes(b"".join(whole.read_bytes().splitlines(keepends=True)[:lines]) + torn)
    again, err = document(capsys, *given, "--out", str(cut), "--resume")
    assert cut.read_bytes() == whole.read_bytes()
    assert again == found
    assert len(err.splitlines()) == 31 - lines


def test_resuming_needs_the_same_words_and_a_file(capsys, table, tmp_path):
    path = tmp_path / "run.jsonl"
    given = words(table, "--out", str(path))
    assert main([*given, "--resume"]) == 0  # nothing to go on with: a new one
    capsys.readouterr()
    before = path.read_bytes()
    assert "exists already: continue it with --resume" in refusal(capsys, *given)
    text = refusal(capsys, *given, "--resume", "--seed", "9", "--set", "tries=2")
    assert "started with another seed, strategy_config" in text
    assert path.read_bytes() == before
    assert "--resume needs a file" in refusal(capsys, *words(table, "--resume"))


def test_settings_find_their_part(capsys, table):
    found, _ = document(
        capsys,
        *words(table, "--set", "population=7", "--set", "strategy.sample=3", "--set", "cells = 5"),
    )
    spec = found["question"]
    assert spec["strategy_config"]["population"] == 7
    assert spec["strategy_config"]["sample"] == 3
    assert spec["space_config"]["cells"] == 5
    assert spec["estimator_config"]["path"] == str(table)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (["--set", "population"], "write NAME=VALUE"),
        (["--set", "=3"], "write NAME=VALUE"),
        (["--set", "city.population=3"], "write NAME=VALUE"),
        (["--set", "colour=red"], "'colour' is not a setting of the chosen parts; they have arch"),
        (
            ["--set", "population=many"],
            "strategy_config.population: must be a whole number (got 'many')",
        ),
        (["--set", "strategy.colour=red"], "strategy_config.colour: no such setting"),
        (["--strategy", "luck"], "strategy: 'luck' is not among the strategies"),
        (["--estimator", "luck"], "--table is for the estimator table"),
        (["--dataset", "mnist"], "dataset: 'mnist' is not in the table; it has cifar10"),
        (["--objectives", "error,latency@toaster"], "latency@toaster is not in the table"),
        (["--constraint", "error=5"], "constraints: 'error=5' is not a constraint"),
        (["--candidates", "0"], "candidates: must be at least 1 (got 0)"),
        (["--seed", "-1"], "seed: must be at least 0 (got -1)"),
        (["--out", "/nowhere/run.jsonl"], "/nowhere/run.jsonl cannot be written"),
        (["--space", "cell"], "space: the table has only architectures of nb201"),
        (["--frobnicate"], "unrecognized arguments: --frobnicate"),
    ],
)
def test_what_is_wrong_is_one_line(capsys, table, more, text):
    assert text in refusal(capsys, *words(table, *more))


def test_a_setting_of_two_parts_needs_its_part(capsys, monkeypatch):
    monkeypatch.setattr(
        "nasengine.command_line.search_spec._owners",
        lambda chosen: {"path": ["estimator", "dataset"]},
    )
    text = refusal(capsys, "search", "--set", "path=x")
    assert "write estimator.path or dataset.path" in text


def test_other_commands_and_files(capsys, tmp_path):
    assert "invalid choice: 'serch'" in refusal(capsys, "serch")
    assert "required: COMMAND" in refusal(capsys)
    assert "cannot be read" in refusal(capsys, "front", str(tmp_path / "absent"))
    assert "absent.csv' does not exist" in refusal(capsys, "search", "--table", "absent.csv")


def test_ctrl_c_leaves_a_file_to_go_on_with(capsys, monkeypatch, table, tmp_path):
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    assert main(words(table, "--out", str(whole))) == 0
    take, seen = command.Progress.take, []

    def interrupted(self, event):
        take(self, event)
        seen.append(event)
        if len(seen) == 20:
            raise KeyboardInterrupt

    monkeypatch.setattr(command.Progress, "take", interrupted)
    assert main(words(table, "--out", str(cut))) == 130
    err = capsys.readouterr().err
    assert f"continue with: python -m nasengine search --resume {cut}" in err
    assert "Traceback" not in err
    monkeypatch.undo()
    assert 1 < len(lines_of(cut)) < 31
    assert main(words(table, "--out", str(cut), "--resume")) == 0
    assert cut.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_process_that_is_ended_goes_on_in_another(table, tmp_path, number, status):
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    given = words(table)
    given[given.index("30")] = "600"
    command = [sys.executable, "-m", "nasengine", *given]
    process = subprocess.Popen(
        [*command, "--out", str(cut)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background ignore SIGINT, and their children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    deadline = time.monotonic() + 180
    while not cut.exists() or cut.stat().st_size < 5_000:  # of some hundred thousand bytes
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=180)
    assert process.returncode == status
    assert "Traceback" not in err
    assert out == ""
    for path, more in ((cut, ["--resume"]), (whole, [])):
        subprocess.run(
            [*command, "--out", str(path), *more],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": "3"},
            check=True,
            capture_output=True,
        )
    assert cut.read_bytes() == whole.read_bytes()


def test_real_networks_train_the_same_twice(capsys, tmp_path):
    """Space cell on digits, as small as it goes; stopped half-way and resumed."""
    given = ["search", "--space", "cell", "--strategy", "regularised-evolution",
             "--set", "cells=3", "--set", "channels=4",
             "--set", "nodes=2", "--set", "limit=100", "--set", "epochs=1", "--set", "threads=1",
             "--set", "population=3", "--set", "sample=2", "--candidates", "5", "--seed", "1",
             "--constraint", "params<9e3", "--objectives", "error,params,macs"]  # fmt: skip
    paths = [tmp_path / name for name in ("a.jsonl", "b.jsonl")]
    assert main([*given, "--out", str(paths[0])]) == 0
    lines = paths[0].read_bytes().splitlines(keepends=True)
    paths[1].write_bytes(b"".join(lines[:3]))
    assert main([*given, "--out", str(paths[1]), "--resume"]) == 0
    capsys.readouterr()
    assert lines_without_durations(paths[1]) == lines_without_durations(paths[0])
    states = {line["state"] for line in lines_of(paths[0])[1:]}
    assert "done" in states
    assert states <= {"done", "pruned"}


def test_a_reader_that_goes_away_ends_it_quietly(table):
    done = subprocess.run(
        f"{sys.executable} -m nasengine list | head -1",
        shell=True, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "spaces"
    assert "Traceback" not in done.stderr


def test_resume_needs_no_other_option(capsys, table, tmp_path):
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    given = words(table, "--set", "population=6", "--set", "sample=2", "--seed", "4")
    assert main([*given, "--out", str(whole)]) == 0
    cut.write_bytes(b"".join(whole.read_bytes().splitlines(keepends=True)[:12]))
    assert main(["search", "--resume", str(cut)]) == 0
    assert cut.read_bytes() == whole.read_bytes()
    assert main(["search", "--resume", "--out", str(cut)]) == 0, "a finished run is only shown"
    assert cut.read_bytes() == whole.read_bytes()
    capsys.readouterr()


def test_a_larger_budget_extends_a_finished_run(capsys, table, tmp_path):
    whole, short = tmp_path / "whole.jsonl", tmp_path / "short.jsonl"
    given = words(table, "--set", "population=6", "--set", "sample=2")
    assert main([*given, "--out", str(whole)]) == 0
    less = ["12" if word == "30" else word for word in given]
    assert main([*less, "--out", str(short)]) == 0
    assert main(["search", "--resume", str(short), "--candidates", "30"]) == 0
    assert short.read_bytes() == whole.read_bytes()
    capsys.readouterr()
    text = refusal(capsys, "search", "--resume", str(short), "--candidates", "12")
    assert "candidates must be at least 30" in text and "(got 12)" in text
    assert short.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (["--strategy", "random"], "was started with another strategy, strategy_config"),
        (["--seed", "7"], "was started with another seed"),
        (["--objectives", "error"], "was started with another objectives"),
        (["--out", "other.jsonl"], "--resume and --out name different files"),
        (["--candidates", "x"], "candidates: must be a whole number (got 'x')"),
        (["--workers", "many"], "--workers must be a whole number (got 'many')"),
        (["--workers", "0"], "workers must be a whole number from 1 to 64 (got 0)"),
    ],
)
def test_options_that_contradict_the_file_are_refused(capsys, table, tmp_path, more, text):
    path = tmp_path / "run.jsonl"
    assert main(words(table, "--out", str(path), "--quiet")) == 0
    capsys.readouterr()
    before = path.read_bytes()
    assert text in refusal(capsys, "search", "--resume", str(path), *more)
    assert path.read_bytes() == before


def test_resuming_a_file_that_does_not_exist_is_refused(capsys, tmp_path):
    text = refusal(capsys, "search", "--resume", str(tmp_path / "absent.jsonl"))
    assert "absent.jsonl does not exist: start a run with --out" in text


def test_quiet_prints_no_progress(capsys, table, tmp_path):
    found, err = document(capsys, *words(table, "--quiet"))
    assert err == ""
    assert found == document(capsys, *words(table))[0]


def test_several_workers_write_the_same_file(capsys, table, tmp_path):
    paths = [tmp_path / name for name in ("a.jsonl", "b.jsonl")]
    given = words(table, "--in-flight", "3")
    assert main([*given, "--out", str(paths[0])]) == 0
    assert main([*given, "--out", str(paths[1]), "--workers", "2"]) == 0
    assert paths[0].read_bytes() == paths[1].read_bytes()
    capsys.readouterr()


def test_a_candidate_of_a_run_file_is_described(capsys, table, tmp_path):
    path = tmp_path / "run.jsonl"
    assert main(words(table, "--out", str(path), "--quiet")) == 0
    capsys.readouterr()
    line = lines_of(path)[8]
    found, _ = document(capsys, "describe", str(path), "--candidate", "7")
    assert found["architecture"] == line["architecture"]
    assert (found["name"], found["input"]) == ("candidate 7 of run.jsonl", [3, 32, 32])
    best, _ = document(capsys, "describe", str(path), "--candidate", "best", "--classes", "7")
    values = {line["number"]: line["measurements"][0]["value"] for line in lines_of(path)[1:]}
    assert best["name"] == f"candidate {min(values, key=values.get)} of run.jsonl"
    assert best["classes"] == 7
    for number, text in (
        ("30", "candidate 30 does not exist: the run has 30 candidates"),
        ("x", "--candidate must be a number or best (got 'x')"),
    ):
        assert text in refusal(capsys, "describe", str(path), "--candidate", number)
    assert "is a run file: add --candidate NUMBER" in refusal(capsys, "describe", str(path))


@pytest.mark.parametrize("name", ["list", "search", "describe", "front"])
def test_every_help_ends_with_examples_that_parse(capsys, name):
    with pytest.raises(SystemExit) as shown:
        main([name, "--help"])
    assert shown.value.code == 0
    examples = capsys.readouterr().out.partition("examples:\n")[2].splitlines()
    assert len(examples) >= 2
    for example in examples:
        start = "python -m nasengine "
        assert example.strip().startswith(start)
        parser().parse_args(shlex.split(example.strip().removeprefix(start)))
