"""ASHA on tables with results after several epochs, next to random search.

    python benchmarks/asha.py [FOLDER] [--seeds 20] [--first-seed 100] [--candidates 100]
                              [--reduction 5]

NAS-Bench-201 (12-epoch results of trainings of their own, then 200 epochs): random search trains
all its candidates for 200 epochs; ASHA looks at the same candidates for 12 epochs, and one in
`reduction` goes on. Prints means over the seeds, in how many of them ASHA's best is as good, and
random search at the cost of ASHA. A training that goes on costs 12 and 200 epochs, because the
table's 12-epoch results have a schedule of their own.

NATS-Bench curves: the nine trainings (three architectures, three seeds each, 200 epochs) of each
data set, in a random order for each seed; ASHA decides first after 25 epochs, and one in three goes
on.
Writes no files.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import platform
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from nasengine.core.measurement import Measurement
from nasengine.core.objective import Goal
from nasengine.core.outcome import Outcome, TrainingProgress
from nasengine.core.search_spec import SearchSpec
from nasengine.execution.loop import run
from nasengine.execution.result import Result
from nasengine.fidelity import controller_for

DATA = Path(os.environ.get("PARETOSCOPE_DATA", Path(__file__).parents[2] / "shared" / "data"))
DATASETS = ("cifar10", "cifar100", "imagenet16-120")
FULL = 200
EPOCHS = (25, 75)


def spec_of(
    table: Path, dataset: str, candidates: int, seed: int, **settings: object
) -> SearchSpec:
    """Return a random search on the table."""
    return SearchSpec(
        space="nb201",
        strategy="random",
        estimator="table",
        estimator_config={"path": str(table)},
        dataset=dataset,
        objectives=("error",),
        candidates=candidates,
        seed=seed,
        **settings,  # type: ignore[arg-type]
    )


def found(result: Result) -> tuple[float, float, float]:
    """Return validation and test accuracy of the best candidate, and all epochs."""
    best = result.best
    assert best is not None
    epochs = sum(candidate.outcome.epochs or FULL for candidate in result.candidates)
    return 100 - best.values["error"], 100 - best.values["test_error"], epochs


def nb201(table: Path, seeds: range, candidates: int, reduction: int) -> None:
    """Print the figures of the three searches on each data set."""
    asha = {"fewer_epochs": "asha", "first_epochs": 12, "reduction": reduction}
    print("| data | search | candidates | epochs | validation | test | as good as random |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for dataset in DATASETS:
        whole = ends_of(table, dataset, candidates, seeds)
        shorter = ends_of(table, dataset, candidates, seeds, **asha)
        equal = max(round(shorter[:, 2].mean() / FULL), 1)
        rows = [
            ("random", candidates, whole),
            ("asha", candidates, shorter),
            ("random at the cost of asha", equal, ends_of(table, dataset, equal, seeds)),
        ]
        for label, count, values in rows:
            share = values[:, 2].mean() / (candidates * FULL)
            reach = int((values[:, 0] >= whole[:, 0]).sum())
            print(
                f"| {dataset} | {label} | {count} | {share:.1%} | {values[:, 0].mean():.2f} | "
                f"{values[:, 1].mean():.2f} | {reach} of {len(seeds)} |",
                flush=True,
            )


def ends_of(
    table: Path, dataset: str, candidates: int, seeds: range, **settings: object
) -> np.ndarray:
    """Return validation accuracy, test accuracy and epochs of a search with each seed."""
    specs = (spec_of(table, dataset, candidates, seed, **settings) for seed in seeds)
    return np.array([found(run(spec)) for spec in specs])


def published_curves(folder: Path, seeds: range) -> None:
    """Search the nine published trainings of each data set."""
    curves: dict[str, dict[tuple[str, str], dict[int, float]]] = {}
    with gzip.open(folder / "nats_tss_3arch_curves.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            measured = row["x_valid_acc"] or row["test_acc"]
            if row["schedule_epochs"] == str(FULL) and measured:
                trainings = curves.setdefault(row["dataset"], {})
                curve = trainings.setdefault((row["arch_index"], row["seed"]), {})
                curve[int(row["epoch"])] = float(measured)
    print("| curves | trainings | mean loss, points | largest loss | epochs |")
    print("| --- | --- | --- | --- | --- |")
    for dataset, trainings in sorted(curves.items()):
        complete = [curve for curve in trainings.values() if {*EPOCHS, FULL} <= set(curve)]
        orders = [np.random.default_rng(seed).permutation(len(complete)) for seed in seeds]
        ends = np.array([asha_over([complete[i] for i in order]) for order in orders])
        print(
            f"| {dataset} | {len(complete)} | {ends[:, 0].mean():.2f} | {ends[:, 0].max():.2f} | "
            f"{ends[:, 1].mean():.0%} |"
        )


def asha_over(curves: list[dict[int, float]]) -> tuple[float, float]:
    """Return by how many points ASHA's best is worse, and the share of the epochs it needs."""
    spec = SearchSpec(fewer_epochs="asha", first_epochs=EPOCHS[0], reduction=3)
    controller = controller_for(spec, [Goal("error", "error", None, "lower", "%")], [])
    assert controller is not None
    ended: dict[int, Outcome] = {}

    def train(number: int, until: int) -> None:
        reached = min(until, FULL)
        seen = [100 - curves[number][end] for end in (*EPOCHS, FULL) if end <= reached]
        outcome = Outcome(
            number,
            "done" if reached == FULL else "paused",
            (Measurement("error", seen[-1], "%"),),
            epochs=reached,
            training=TrainingProgress(reached, FULL, "error", tuple(seen)),
        )
        if (end := controller.take(outcome)).ended is not None:
            ended[number] = end.ended

    for number in range(len(curves)):
        train(number, controller.propose(number))
    while part := controller.next_part(closing=True):
        train(*part)
    ended |= {outcome.number: outcome for outcome in controller.given_up(closing=True)}
    best = max(ended.values(), key=lambda outcome: (outcome.epochs, -outcome.values["error"]))
    loss = max(curve[FULL] for curve in curves) - curves[best.number][FULL]
    return loss, sum(outcome.epochs for outcome in ended.values()) / (FULL * len(curves))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--candidates", type=int, default=100)
    parser.add_argument("--reduction", type=int, default=5)
    args = parser.parse_args()
    table = args.folder / "nb201_table.csv.gz"
    if not table.is_file():
        sys.exit(f"{table} does not exist: name the folder with the table")
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    print(f"{platform.processor() or platform.machine()}, seeds {seeds[0]} to {seeds[-1]}")
    nb201(table, seeds, args.candidates, args.reduction)
    published_curves(args.folder, seeds)


if __name__ == "__main__":
    main()
