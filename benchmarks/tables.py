"""Searches on published tables: does a method find what it should, and more than chance?

    python benchmarks/tables.py [TABLE] [--seeds 20]

Prints figures and writes nothing. Two questions on NAS-Bench-201 (2001.00326), 500
candidates each, over several seeds:

1. One objective, CIFAR-10: the mean test accuracy of the candidate that is best by
   validation. Test accuracy steers nothing.
2. Three objectives, CIFAR-100: error, params and latency on a Raspberry Pi 4
   (HW-NAS-Bench, ICLR 2021). The gap is the share of the true front's hypervolume that a
   search has not found, objectives scaled to 0..1 over the whole table, reference 1.1.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from nasengine import search
from nasengine.core.errors import EngineError
from nasengine.core.question import Question
from nasengine.estimators.tables.cells import cells_of
from nasengine.pareto import hypervolume, non_dominated

CANDIDATES = 500
BESIDE = Path(__file__).parents[2] / "shared" / "data"
REFERENCE = 1.1
OBJECTIVES = ("error", "params", "latency@raspi4")
COLUMNS = ("c100_val_acc_200", "c100_params", "lat_ms_raspi4")
# name -> strategy and its settings
METHODS = {
    "random": ("random", {}),
    "evolution, defaults": ("regularised-evolution", {}),
    "evolution, 10 and 3": ("regularised-evolution", {"population": 10, "sample": 3}),
}


@dataclass(frozen=True)
class World:
    """The whole table as points (n x 3, lower is better), scaled to 0..1."""

    low: np.ndarray
    high: np.ndarray
    front_size: int
    volume: float

    @classmethod
    def of(cls, path: Path) -> World:
        numbers = cells_of(str(path), "arch_str", COLUMNS).numbers * (-1, 1, 1)
        points = np.add(numbers, (100, 0, 0))
        low, high = points.min(axis=0), points.max(axis=0)
        scaled = (points - low) / (high - low)
        front = int(non_dominated(scaled).sum())
        return cls(low, high, front, hypervolume(scaled, np.full(3, REFERENCE)))

    def gap(self, points: np.ndarray) -> float:
        """What n x 3 found points leave of the true front's hypervolume, in percent."""
        scaled = (points - self.low) / (self.high - self.low)
        return 100 * (1 - hypervolume(scaled, np.full(3, REFERENCE)) / self.volume)


def asked(path: Path, method: str, seed: int, several: bool) -> Question:
    """The question of one search."""
    strategy, settings = METHODS[method]
    return Question(
        space="nb201",
        strategy=strategy,
        estimator="table",
        dataset="cifar100" if several else "cifar10",
        objectives=OBJECTIVES if several else ("error",),
        candidates=CANDIDATES,
        seed=seed,
        strategy_config=dict(settings),
        estimator_config={"path": str(path)},
    )


def accuracies(path: Path, method: str, seeds: int) -> list[float]:
    """Test accuracy in percent of the best by validation, one a seed."""
    found = [search.run(asked(path, method, seed, several=False)).best for seed in range(seeds)]
    return [100 - best.outcome.values["test_error"] for best in found if best is not None]


def gaps(path: Path, world: World, method: str, seeds: int) -> list[float]:
    """Hypervolume gap in percent, one a seed."""
    left = []
    for seed in range(seeds):
        result = search.run(asked(path, method, seed, several=True))
        values = [[one.outcome.values[name] for name in OBJECTIVES] for one in result.ended]
        left.append(world.gap(np.array(values)))
    return left


def report(path: Path, seeds: int) -> None:
    """Prints both tables."""
    world = World.of(path)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{path.name}: {seeds} seeds, {CANDIDATES} candidates each")
    print("\nCIFAR-10, error alone: test accuracy of the best by validation, %")
    print(f"  {'method':<22}{'mean':>8}{'sd':>8}{'least':>8}{'s/search':>10}")
    for method in METHODS:
        began = time.perf_counter()
        found = accuracies(path, method, seeds)
        each = (time.perf_counter() - began) / seeds
        print(
            f"  {method:<22}{np.mean(found):>8.3f}{np.std(found):>8.3f}{min(found):>8.2f}"
            f"{each:>10.2f}"
        )
    print(f"\nCIFAR-100, {', '.join(OBJECTIVES)}: gap to the true front")
    print(f"  of {world.front_size} points and hypervolume {world.volume:.4f}, %")
    print(f"  {'method':<22}{'mean':>8}{'sd':>8}{'ratio':>8}{'s/search':>10}")
    chance = None
    for method in METHODS:
        began = time.perf_counter()
        left = gaps(path, world, method, seeds)
        each = (time.perf_counter() - began) / seeds
        mean = float(np.mean(left))
        chance = mean if chance is None else chance
        print(
            f"  {method:<22}{mean:>8.3f}{np.std(left):>8.3f}{mean / chance:>8.2f}{each:>10.2f}",
            flush=True,
        )
    print("  ratio: to the gap that random leaves; one half or less is wanted")


def main() -> int:
    parser = argparse.ArgumentParser(description="Searches on the NAS-Bench-201 table.")
    parser.add_argument("table", type=Path, nargs="?", default=None, help="nb201_table.csv.gz")
    parser.add_argument("--seeds", type=int, default=20)
    args = parser.parse_args()
    if args.table is None:
        args.table = Path(os.environ.get("PARETOSCOPE_DATA", BESIDE)) / "nb201_table.csv.gz"
        if not args.table.is_file():
            print(f"tables: {args.table} is not there, so nothing is measured; name the table")
            return 0
    try:
        report(args.table, args.seeds)
    except EngineError as error:
        print(f"tables: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
