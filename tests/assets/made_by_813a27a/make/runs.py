"""Make run files by the command line, each interrupted half way and each uninterrupted.

    cd CHECKOUT_OF_813a27a && PYTHONPATH=. python .../make/runs.py OUTPUT_FOLDER TABLE [NAME ...]

TABLE is the file `table.csv.gz` of the samples. For each run, or those named, the folder NAME gets

    command.json      the words of `search` without --out, and when SIGINT came, in candidates
    run.jsonl         the interrupted run, with run.jsonl.weights where candidates leave weights
    whole.jsonl       the same run uninterrupted
    front.json        what `front whole.jsonl --json` prints
    describe.json     what `describe --json` prints of the last candidate that is `done`
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

TRAIN = "limit=200 threads=1 estimator.batch_size=32 estimator.epochs=1"
TABLE = "--space nb201 --objectives error,params,latency@board --constraint error<60 --table"
COLUMNS = (
    "estimator.columns=error=acc:100-x:%,params=size,latency@board=ms::ms",
    "report=test_error=test:100-x:%",
    "architecture=net",
)


@dataclass(frozen=True)
class Made:
    """A run: name, options, settings, and the number of candidates before the interruption."""

    name: str
    options: str
    settings: str
    stop_after: int

    def words(self, table: str) -> list[str]:
        """The command line without the file's name."""
        options = ["search", *self.options.split()]
        settings = self.settings.split()
        if options[-1] == "--table":
            options.append(table)
            settings = [*settings, *COLUMNS]
        return [*options, *(word for text in settings for word in ("--set", text))]


RUNS = (
    Made(
        "random-cell",
        "--space cell --strategy random --objectives error,params,macs,latency@cpu "
        "--constraint params<1400 --candidates 5 --seed 3",
        f"cells=1 channels=4 nodes=2 {TRAIN}",
        3,
    ),
    Made(
        "evolution-inherit-nb201",
        "--space nb201 --strategy regularised-evolution --estimator inherit --candidates 7 "
        "--in-flight 2",
        f"cells=1 channels=2 population=3 sample=2 inherited_epochs=1 {TRAIN}",
        5,
    ),
    Made(
        "evolution-shared-nb201",
        "--space nb201 --strategy regularised-evolution --estimator shared --candidates 7 "
        "--in-flight 2 --seed 5",
        "cells=1 channels=2 population=3 sample=2 estimator.epochs=2 estimator.batch_size=32 "
        "limit=200 threads=1",
        5,
    ),
    Made(
        "darts-nb201",
        "--space nb201 --strategy darts --candidates 10 --seed 1",
        f"cells=1 channels=2 strategy.epochs=3 compared=1 strategy.batch_size=32 {TRAIN}",
        2,
    ),
    Made(
        "enas-recurrent",
        "--space recurrent-cell --strategy enas --dataset pydoc-text --candidates 10",
        "nodes=3 space.hidden=12 strategy.hidden=8 strategy.epochs=3 proofs=2 sampled=6 "
        "controller_steps=2 samples=2 reward_batch=8 strategy.batch_size=8 limit=2000 "
        "vocabulary=100 estimator.epochs=1 threads=1 estimator.batch_size=8",
        4,
    ),
    Made(
        "random-sharing-enas-macro",
        "--space enas-macro --strategy random-sharing --candidates 8",
        f"layers=3 channels=2 strategy.epochs=2 proofs=2 sampled=4 strategy.batch_size=32 {TRAIN}",
        3,
    ),
    Made(
        "topology-evolution",
        "--space topology --strategy topology-evolution --estimator inherit --candidates 7 "
        "--in-flight 2",
        f"nodes=6 start=6 channels=2 population=4 inherited_epochs=1 {TRAIN}",
        5,
    ),
    Made(
        "monas-chain-alexnet",
        "--space chain-alexnet --strategy monas --candidates 6 --in-flight 2",
        "strategy.hidden=4 strategy.warm_up=3 layers=2 filters=8,16 kernels=3,5 space.hidden=8 "
        f"{TRAIN}",
        4,
    ),
    Made(
        "dpp-net-dense-cell",
        "--space dense-cell --strategy dpp-net --candidates 7 --in-flight 2",
        "first=4 strategy.keep=3 children=30 strategy.hidden=3 strategy.epochs=2 cells=1 layers=3 "
        f"channels=4 stages=1 {TRAIN}",
        5,
    ),
    Made(
        "nsga2-enas-micro",
        "--space enas-micro --strategy nsga2 --candidates 6 --in-flight 2",
        f"population=3 cells=3 channels=2 nodes=2 {TRAIN}",
        4,
    ),
    Made(
        "renas-block-cell",
        "--space block-cell --strategy renas --candidates 6 --in-flight 2",
        f"population=3 sample=2 strategy.hidden=3 cells=3 channels=2 blocks=2 {TRAIN}",
        4,
    ),
    Made(
        "local-search-chain-condensenet",
        "--space chain-condensenet --strategy local-search --candidates 5 --in-flight 2",
        f"starts=2 blocks=2 stages=2,3 growths=4,8 groups=4 {TRAIN}",
        3,
    ),
    Made(
        "nsga2-table",
        f"--strategy nsga2 --candidates 36 --in-flight 4 {TABLE}",
        "population=8",
        20,
    ),
    Made("renas-table", f"--strategy renas --candidates 24 {TABLE}", "population=6", 13),
)


def engine(words: list[str], folder: Path) -> subprocess.Popen[str]:
    """`python -m nasengine` in a folder, its progress to be read from stderr."""
    return subprocess.Popen(
        [sys.executable, "-m", "nasengine", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.getcwd(), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(words: list[str], folder: Path) -> str:
    """What a command prints that must succeed."""
    process = engine(words, folder)
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out


def interrupt(words: list[str], folder: Path, after: int) -> None:
    """Start a search and send it SIGINT when so many candidates have ended."""
    process = engine(words, folder)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(f"{after}/"):
            process.send_signal(signal.SIGINT)
            break
    process.communicate()
    assert process.returncode == 130, f"{words} was over before it was interrupted"


def candidates_of(path: Path) -> list[dict]:
    """The lines after the first."""
    return [json.loads(line) for line in path.read_text().splitlines()[1:]]


def make(run: Made, folder: Path, table: Path) -> None:
    """All files of one run."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        shutil.copyfile(table, work / "table.csv.gz")
        words = run.words("table.csv.gz")
        finished([*words, "--out", "whole.jsonl"], work)
        if "--table" in words:  # too fast for a signal: the file is cut, with a torn last line
            lines = (work / "whole.jsonl").read_bytes().splitlines(keepends=True)
            kept = b"".join(lines[: 1 + run.stop_after]) + lines[1 + run.stop_after][:40]
            (work / "run.jsonl").write_bytes(kept)
        else:
            interrupt([*words, "--out", "run.jsonl"], work, run.stop_after)
        folder.mkdir(parents=True)
        for path in sorted(work.glob("run.jsonl*")):
            copy = shutil.copytree if path.is_dir() else shutil.copyfile
            copy(path, folder / path.name)
        shutil.copyfile(work / "whole.jsonl", folder / "whole.jsonl")
        (folder / "front.json").write_text(finished(["front", "whole.jsonl", "--json"], work))
        done = [one for one in candidates_of(work / "whole.jsonl") if one["state"] == "done"]
        (work / "one.json").write_text(json.dumps(done[-1]))
        (folder / "describe.json").write_text(finished(["describe", "one.json", "--json"], work))
        command = {"words": words, "stop_after": run.stop_after}
        (folder / "command.json").write_text(json.dumps(command, indent=1) + "\n")
        finished([*words, "--out", "run.jsonl", "--resume"], work)
        assert_continues(work)


def assert_continues(work: Path) -> None:
    """This version itself finds the same after an interruption, times aside."""
    whole, resumed = (candidates_of(work / f"{name}.jsonl") for name in ("whole", "run"))
    for one in (*whole, *resumed):
        one.get("findings", {}).pop("seconds", None)
        one["measurements"] = [m for m in one["measurements"] if m["objective"] != "latency@cpu"]
    assert whole == resumed, work


def main(folder: Path, table: Path, *names: str) -> None:
    """Make every run, or those of these names."""
    for run in RUNS:
        if names and run.name not in names:
            continue
        make(run, folder / run.name, table)
        sizes = {p.name: p.stat().st_size for p in sorted((folder / run.name).rglob("*"))}
        print(run.name, sizes, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
