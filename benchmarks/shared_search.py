"""Compare the cells found by one-shot searches with random cells, retrained equally long.

    python benchmarks/shared_search.py [--dataset digits] [--methods darts,enas] [--seeds 3]
        [--searches 4]

First-order DARTS on `cell`, with more weight decay as in RobustDARTS (1909.09656), and ENAS on
`enas-micro`, 8 channels and 5 cells. The cell of each seed is retrained from scratch five times,
ten random cells of the same space once each, for --standalone epochs with the same settings. With
--searches the best of several searches is selected after one stand-alone training each, as in
DARTS' paper (1806.09055: four). Default data sets: `digits`, then `fashion-mnist` (1,000 images) if
its files exist. Prints figures (progress to stderr), writes no files.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from nasengine.core.architecture import Architecture
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.core.seeds import generator
from nasengine.execution import loop as search
from nasengine.execution.assembly import make_space
from nasengine.execution.evaluation import evaluate
from nasengine.objectives.latency.processor import cpu_name

RANDOM_CELLS = 10
TRAININGS = 5  # of a found cell, because the error of a single training is noisy
SIZE = {"cells": 5, "channels": 8}
# Folder of Debian's package dataset-fashion-mnist.
FASHION = Path("/usr/share/datasets/fashion-mnist")
# A few hundred images need more and larger steps per epoch.
SMALL_DATA = {"epochs": 25, "batch_size": 16, "learning_rate": 0.1}
# Settings with which the controller converges within 40 epochs.
CONVERGING = {
    "epochs": 40,
    "controller_steps": 15,
    "samples": 5,
    "controller_learning_rate": 0.002,
    "tanh": 2.5,
    "op_reduce": 1.0,
    "sampled": 60,
}
# RobustDARTS (1909.09656): weight decay of 27 times 3e-4.
ROBUST = {"alpha_learning_rate": 0.003, "weight_decay": 0.0081}
METHODS = {
    "darts": SearchSpec(
        space="cell",
        strategy="darts",
        strategy_config={**SMALL_DATA, **ROBUST, "compared": 0},
    ),
    "enas": SearchSpec(
        space="enas-micro",
        strategy="enas",
        strategy_config={**SMALL_DATA, **CONVERGING, "proofs": 1},
    ),
    "random-sharing": SearchSpec(
        space="cell",
        strategy="random-sharing",
        strategy_config={**SMALL_DATA, "proofs": 1},
    ),
}
# Small networks do not profit from a second thread.
STANDALONE = {"threads": 1}


def spec_of(
    method: str, dataset: str, seed: int, standalone: int = 3, searches: int = 1
) -> SearchSpec:
    """Return the search settings of one seed."""
    template = METHODS[method]
    settings = {**template.strategy_config, "searches": searches}
    config = {"limit": 1000, "path": str(FASHION)} if dataset == "fashion-mnist" else {}
    return replace(
        template,
        strategy_config=settings,
        dataset=dataset,
        dataset_config=config,
        objectives=("error",),
        candidates=searches * (int(settings["epochs"]) + 2),
        seed=seed,
        space_config=SIZE,
        estimator_config={"epochs": standalone, **STANDALONE},
    )


def searched(spec: SearchSpec) -> dict[str, Any]:
    """Run a search; return its seconds, and stand-alone errors of the selected and all cells."""
    seconds: dict[int, float] = {}
    first: list[float] = []
    started: dict[int, tuple[int, float]] = {}

    def watch(event: Any) -> None:
        if event.kind == "proposal" and event.item.get("task") == "share":
            started[event.number] = event.item["note"]["search"], time.monotonic()
        elif event.kind == "outcome" and event.number in started:
            index, start = started[event.number]
            seconds[index] = seconds.get(index, 0.0) + time.monotonic() - start
        elif event.kind == "outcome" and event.item["state"] == "done":
            first.append(Outcome.from_json(event.item).values["error"])

    best = search.run(spec, watch).best
    assert best is not None
    cell = best.proposal.architecture
    return {
        "search_seconds": [round(value, 1) for value in seconds.values()],
        "error": statistics.fmean(standalone_errors(spec, [cell] * TRAININGS)),
        "unchosen": statistics.fmean(first),
        "found": make_space(spec).text(cell),
    }


def random_errors(spec: SearchSpec) -> list[float]:
    """Return the stand-alone errors of random cells of the same space."""
    space = make_space(spec)
    rng = generator(spec.seed, "random cells")
    return standalone_errors(spec, [space.sample(rng) for _ in range(RANDOM_CELLS)])


def standalone_errors(spec: SearchSpec, cells: Sequence[Architecture]) -> list[float]:
    """Return the stand-alone error of each cell, trained with its own seed."""
    plain = replace(spec, strategy="random", strategy_config={})
    outcomes = [
        evaluate(plain, Proposal(number, cell), lambda point: None, lambda: False)
        for number, cell in enumerate(cells)
    ]
    return [outcome.values["error"] for outcome in outcomes]


def measured(
    method: str, dataset: str, seeds: int, standalone: int, searches: int
) -> dict[str, Any]:
    """Return the errors of found and of random cells over the seeds."""
    specs = [spec_of(method, dataset, seed, standalone, searches) for seed in range(seeds)]
    searches_done = []
    for spec in specs:
        searches_done.append(searched(spec))
        print(f"{method} on {dataset}, seed {spec.seed}: {searches_done[-1]}", file=sys.stderr)
    chance = [random_errors(spec) for spec in specs]
    return {
        "method": method,
        "dataset": dataset,
        "search_seconds": [s for row in searches_done for s in row["search_seconds"]],
        "errors": [row["error"] for row in searches_done],
        "mean_error": statistics.fmean(row["error"] for row in searches_done),
        "unchosen_mean_error": statistics.fmean(row["unchosen"] for row in searches_done),
        "random_mean_error": statistics.fmean(statistics.fmean(errors) for errors in chance),
        "random_best_error": statistics.fmean(min(errors) for errors in chance),
        "found": [row["found"] for row in searches_done],
        "random_errors": chance,
    }


def main() -> None:
    """Print the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dataset", choices=("digits", "fashion-mnist"))
    parser.add_argument("--methods", default="darts,enas")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--standalone", "--alone", type=int, default=3, help="epochs of a stand-alone training"
    )
    parser.add_argument(
        "--searches", type=int, default=1, help="searches per seed; the best is selected"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    args = parser.parse_args()
    torch.set_num_threads(1)
    datasets = [args.dataset] if args.dataset else ["digits"] + ["fashion-mnist"] * FASHION.is_dir()
    results = [
        measured(method, dataset, args.seeds, args.standalone, args.searches)
        for dataset in datasets
        for method in args.methods.split(",")
    ]
    machine = f"{cpu_name()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    if args.json:
        print(json.dumps({"machine": machine, "results": results}))
        return
    for row in results:
        print(
            f"{row['method']:14} on {row['dataset']}: longest search "
            f"{max(row['search_seconds']):.0f} s, found {row['mean_error']:.2f} % (mean of all "
            f"searches {row['unchosen_mean_error']:.2f} %), ten random cells: mean "
            f"{row['random_mean_error']:.2f} %, best {row['random_best_error']:.2f} %; "
            f"{args.seeds} seeds"
        )
    print(f"{machine}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
