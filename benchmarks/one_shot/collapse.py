"""Collapse of first-order DARTS on NAS-Bench-201 to a cell of only skip connections.

    python benchmarks/one_shot/collapse.py IMAGES.npz [TABLE.csv.gz] [--epochs 50] [--limit N]
        [--cells 5] [--channels 16] [--rate 3e-4] [--seed 0] [--plain-pool] [--file RUN.jsonl]

IMAGES has CIFAR-10 or a part of it (see docs/data.md). Every epoch prints the losses, the strongest
operation of every edge and the warning of the run page; the end prints the cell's accuracy in the
table. The published search (2001.00326: 54.30 % on CIFAR-10) uses 25,000 images and the default
sizes, which needs a GPU or many hours; smaller sizes collapse sooner. Writes only the run file,
from which the search can be resumed.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import torch

from nasengine.catalog import load
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.execution import loop as search
from nasengine.execution.evaluation import evaluate
from nasengine.execution.run_file import RunFile, read_run
from nasengine.execution.weight_store import FolderWeightStore
from nasengine.objectives.latency.processor import cpu_name


def spec_of(args: argparse.Namespace) -> SearchSpec:
    """Return the settings of the benchmark's authors, in the requested sizes."""
    spec = SearchSpec(
        space="nb201",
        strategy="darts",
        dataset="images",
        objectives=("error",),
        candidates=args.epochs + 2,
        seed=args.seed,
        space_config={
            "cells": args.cells,
            "channels": args.channels,
            "pool_norm": not args.plain_pool,
        },
        strategy_config={
            "epochs": args.epochs,
            "alpha_learning_rate": args.rate,
            "compared": 0,
            "batch_size": args.batch,
        },
        estimator_config={"epochs": 1, "crop": 4, "flip": True},
        dataset_config={"path": str(args.images), "limit": args.limit},
    )
    return assembly.check(spec)


class Watch:
    """Follows the search with its own copy of the strategy and prints what the run page shows."""

    def __init__(self, spec: SearchSpec, file: RunFile | None):
        self.spec = spec
        self.file = file
        self.strategy: Any = assembly.make_strategy(spec)
        self.warned: int | None = None
        self.started = time.monotonic()

    def take(self, proposal: Proposal, outcome: Outcome, *, keep: bool = True) -> None:
        """Process a finished proposal."""
        self.strategy.ask()
        self.strategy.tell(outcome)
        if self.file is not None and keep:
            seed = search.evaluation_seed(self.spec, outcome.number)
            self.file.add(proposal, outcome, seed)
        if outcome.state != "trained" or "alphas" not in outcome.findings:
            return
        view, findings = self.strategy.view(), outcome.findings
        if view["warning"] and self.warned is None:
            self.warned = view["epoch"]
        cell = self.strategy.task.space.discretise(findings["alphas"]).genome
        print(
            f"epoch {view['epoch']:3} {time.monotonic() - self.started:7.0f} s  "
            f"train {findings['train_loss']:.3f} valid "
            f"{findings.get('valid_loss', float('nan')):.3f}  "
            f"{cell}  {view['warning'][:24]}",
            flush=True,
        )


def accuracy(table: Path, genome: str) -> float:
    """Return the CIFAR-10 test accuracy of a cell in the table, in percent."""
    spec = SearchSpec(
        space="nb201",
        estimator="table",
        strategy="random",
        dataset="cifar10",
        objectives=("error",),
        estimator_config={"path": str(table)},
    )
    space = load("spaces", "nb201")
    architecture = space(space.Config()).parse(genome)
    outcome = evaluate(spec, Proposal(0, architecture), lambda point: None, lambda: False)
    return 100 - outcome.values["test_error"]


def main() -> None:
    """Run the search; exit with 1 if the collapse warning did not appear."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("images", type=Path)
    parser.add_argument("table", type=Path, nargs="?")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--cells", type=int, default=5)
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--plain-pool", action="store_true", help="no batch norm after pools, as the authors"
    )
    parser.add_argument("--file", type=Path)
    args = parser.parse_args()
    spec = spec_of(args)
    space = assembly.make_space(spec)
    file = RunFile(args.file, space) if args.file else None
    watch = Watch(spec, file)
    history: tuple[tuple[Proposal, Outcome], ...] = ()
    if file is not None and args.file.exists():
        stored = read_run(args.file)
        file.continue_from(stored, spec)
        history = stored.candidates
        for proposal, outcome in history:
            watch.take(proposal, outcome, keep=False)
    elif file is not None:
        file.begin(spec, assembly.goals_of(spec))
    proposals: dict[int, Proposal] = {}

    def follow(event: Any) -> None:
        if event.kind == "proposal":
            proposals[event.number] = Proposal.from_json(event.item)
        elif event.kind == "outcome":
            watch.take(proposals[event.number], Outcome.from_json(event.item))

    weights = FolderWeightStore(Path(f"{args.file}.weights")) if args.file else None
    result = search.run(spec, follow, history, weights=weights)
    assert result.best is not None
    genome = result.best.proposal.architecture.genome
    skips = genome.count("skip_connect")
    print(f"found {genome}: {skips} of 6 edges skip; warned after epoch {watch.warned}")
    if args.table is not None:
        print(f"by the table {accuracy(args.table, genome):.2f} % (published end: 54.30 %)")
    print(
        f"{cpu_name()}, {torch.get_num_threads()} threads, CUDA {torch.cuda.is_available()}, "
        f"Python {platform.python_version()}"
    )
    sys.exit(0 if watch.warned is not None and watch.warned < args.epochs else 1)


if __name__ == "__main__":
    main()
