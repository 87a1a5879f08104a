"""What searches with shared weights find, beside random cells that are trained as long.

    python benchmarks/shared_search.py [--dataset digits] [--methods darts,enas] [--seeds 3]
        [--searches 4]

DARTS of first order on `cell`, with more weight decay as in RobustDARTS (1909.09656), and ENAS on
`enas-micro`, 8 channels and 5 cells. What each seed finds is trained alone five times, ten random
cells of the same space once each, for --alone epochs under the same settings. With --searches the
best of so many counts, by one training alone each, as DARTS' paper chooses among four (1806.09055).
Without --dataset: `digits`, then `fashion-mnist` (1,000 images) where its files are. Prints
figures, what each seed found to stderr as it goes, and writes nothing.
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
TRAININGS = 5  # of a cell that was found: one alone says little, ten random ones even out
SIZE = {"cells": 5, "channels": 8}
# Where Debian's package dataset-fashion-mnist puts it.
FASHION = Path("/usr/share/datasets/fashion-mnist")
# Some hundred images teach little in an epoch: so there are more steps, and longer ones.
QUICK = {"epochs": 25, "batch_size": 16, "learning_rate": 0.1}
# And a controller may become sure.
SURER = {
    "epochs": 40,
    "controller_steps": 15,
    "samples": 5,
    "controller_learning_rate": 0.002,
    "tanh": 2.5,
    "op_reduce": 1.0,
    "sampled": 60,
}
# RobustDARTS' other repair (1909.09656): the weights' decay three times 3e-4, thrice.
STEADY = {"alpha_learning_rate": 0.003, "weight_decay": 0.0081}
METHODS = {
    "darts": SearchSpec(
        space="cell",
        strategy="darts",
        strategy_config={**QUICK, **STEADY, "compared": 0},
    ),
    "enas": SearchSpec(
        space="enas-micro",
        strategy="enas",
        strategy_config={**QUICK, **SURER, "proofs": 1},
    ),
    "random-sharing": SearchSpec(
        space="cell",
        strategy="random-sharing",
        strategy_config={**QUICK, "proofs": 1},
    ),
}
# Networks this small gain nothing from a second thread.
ALONE = {"threads": 1}


def spec_of(method: str, dataset: str, seed: int, alone: int = 3, searches: int = 1) -> SearchSpec:
    """The whole question of one seed."""
    asked = METHODS[method]
    settings = {**asked.strategy_config, "searches": searches}
    config = {"limit": 1000, "path": str(FASHION)} if dataset == "fashion-mnist" else {}
    return replace(
        asked,
        strategy_config=settings,
        dataset=dataset,
        dataset_config=config,
        objectives=("error",),
        candidates=searches * (int(settings["epochs"]) + 2),
        seed=seed,
        space_config=SIZE,
        estimator_config={"epochs": alone, **ALONE},
    )


def searched(spec: SearchSpec) -> dict[str, Any]:
    """Seconds of each shared network, and the errors alone of what was chosen and of all found."""
    seconds: dict[int, float] = {}
    first: list[float] = []
    began: dict[int, tuple[int, float]] = {}

    def watch(event: Any) -> None:
        if event.kind == "proposal" and event.item.get("task") == "share":
            began[event.number] = event.item["note"]["search"], time.monotonic()
        elif event.kind == "outcome" and event.number in began:
            index, at = began[event.number]
            seconds[index] = seconds.get(index, 0.0) + time.monotonic() - at
        elif event.kind == "outcome" and event.item["state"] == "done":
            first.append(Outcome.from_json(event.item).values["error"])

    best = search.run(spec, watch).best
    assert best is not None
    cell = best.proposal.architecture
    return {
        "search_seconds": [round(one, 1) for one in seconds.values()],
        "error": statistics.fmean(alone(spec, [cell] * TRAININGS)),
        "unchosen": statistics.fmean(first),
        "found": make_space(spec).text(cell),
    }


def random_errors(spec: SearchSpec) -> list[float]:
    """The errors of random cells of the question's space, trained alone as what is found."""
    space = make_space(spec)
    rng = generator(spec.seed, "random cells")
    return alone(spec, [space.sample(rng) for _ in range(RANDOM_CELLS)])


def alone(spec: SearchSpec, cells: Sequence[Architecture]) -> list[float]:
    """The error of each, trained alone with a seed of its own."""
    plain = replace(spec, strategy="random", strategy_config={})
    outcomes = [
        evaluate(plain, Proposal(number, cell), lambda point: None, lambda: False)
        for number, cell in enumerate(cells)
    ]
    return [outcome.values["error"] for outcome in outcomes]


def measured(method: str, dataset: str, seeds: int, alone: int, searches: int) -> dict[str, Any]:
    """Both over the seeds."""
    specs = [spec_of(method, dataset, seed, alone, searches) for seed in range(seeds)]
    found = []
    for spec in specs:
        found.append(searched(spec))
        print(f"{method} on {dataset}, seed {spec.seed}: {found[-1]}", file=sys.stderr)
    chance = [random_errors(spec) for spec in specs]
    return {
        "method": method,
        "dataset": dataset,
        "search_seconds": [one for each in found for one in each["search_seconds"]],
        "errors": [one["error"] for one in found],
        "mean_error": statistics.fmean(one["error"] for one in found),
        "unchosen_mean_error": statistics.fmean(one["unchosen"] for one in found),
        "random_mean_error": statistics.fmean(statistics.fmean(errors) for errors in chance),
        "random_best_error": statistics.fmean(min(errors) for errors in chance),
        "found": [one["found"] for one in found],
        "random_errors": chance,
    }


def main() -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dataset", choices=("digits", "fashion-mnist"))
    parser.add_argument("--methods", default="darts,enas")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--alone", type=int, default=3, help="epochs of a training alone")
    parser.add_argument("--searches", type=int, default=1, help="of one seed; the best counts")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    args = parser.parse_args()
    torch.set_num_threads(1)
    datasets = [args.dataset] if args.dataset else ["digits"] + ["fashion-mnist"] * FASHION.is_dir()
    results = [
        measured(method, dataset, args.seeds, args.alone, args.searches)
        for dataset in datasets
        for method in args.methods.split(",")
    ]
    machine = f"{cpu_name()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    if args.json:
        print(json.dumps({"machine": machine, "results": results}))
        return
    for one in results:
        print(
            f"{one['method']:14} on {one['dataset']}: search {max(one['search_seconds']):.0f} s at "
            f"most, found {one['mean_error']:.2f} % (all searches, chosen or not, "
            f"{one['unchosen_mean_error']:.2f} %), ten random cells "
            f"{one['random_mean_error']:.2f} % in the mean, {one['random_best_error']:.2f} % the "
            f"best; {args.seeds} seeds"
        )
    print(f"{machine}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
