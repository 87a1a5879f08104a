"""Search under a tight constraint on a cost, on the NAS-Bench-201 table.

    python benchmarks/constraints.py [TABLE] [--seeds 20] [--candidates 300] [--methods a,b]
                                     [--jobs 2]

Objectives are the CIFAR-10 validation error and the parameters, with a bound on the parameters
that 5 % (only cells without convolutions) or 14 % of the cells meet. Settings have their defaults,
except that MONAS has its reward for bounds on costs. Costs are checked before the
lookup, as training does: a candidate that violates the bound gets no error and does not count
towards the budget. Prints the mean best feasible validation accuracy over the seeds after 100
candidates and at the end, its lowest, and how many proposals violated the bound. Writes no files.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.methods import DATA, METHODS
from nasengine.core.search_spec import SearchSpec
from nasengine.execution.loop import run

BOUNDS = {73306: 84.664, 101306: 87.270}  # params -> best validation accuracy within the bound
EARLY = 100
# The reward of MONAS for a bound on a cost. All other settings have their defaults.
SETTINGS = {"monas": {"reward": "power-budget"}}


def one_search(task: tuple[Path, str, int, int, int]) -> tuple[list[float], int, float]:
    """Return the best feasible accuracy after each candidate, violating proposals and seconds."""
    table, strategy, bound, candidates, seed = task
    spec = SearchSpec(
        space="nb201",
        strategy=strategy,
        estimator="table",
        dataset="cifar10",
        objectives=("error", "params"),
        constraints=(f"params<={bound}",),
        candidates=candidates,
        seed=seed,
        strategy_config=SETTINGS.get(strategy, {}),
        estimator_config={"path": str(table), "costs_first": True},
    )
    started = time.monotonic()
    result = run(spec)
    curve, best = [], 0.0
    for candidate in result.candidates:
        if candidate.state == "done":
            best = max(best, 100 - candidate.values["error"])
            curve.append(best)
    curve += [best] * (candidates - len(curve))
    return curve, result.pruned, time.monotonic() - started


def main() -> None:
    """Print one line per bound and method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", nargs="?", type=Path, default=DATA / "nb201_table.csv.gz")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--candidates", type=int, default=300)
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--bounds", default=",".join(map(str, BOUNDS)))
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    if not args.table.exists():
        print(f"{args.table} is not there: name the table of NAS-Bench-201")
        return
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    print(f"{args.seeds} seeds from {args.first_seed}, {args.candidates} candidates")
    print("| params at most | method | at 100 | at the end | lowest | violating | s |")
    with ProcessPoolExecutor(args.jobs) as pool:
        for bound in map(int, args.bounds.split(",")):
            for method in args.methods.split(","):
                seeds = range(args.first_seed, args.first_seed + args.seeds)
                tasks = [(args.table, method, bound, args.candidates, seed) for seed in seeds]
                curves, pruned, seconds = zip(*pool.map(one_search, tasks), strict=True)
                ends = np.array(curves)
                print(
                    f"| {bound} (optimum {BOUNDS.get(bound, float('nan')):.2f}) | {method} | "
                    f"{ends[:, min(EARLY, args.candidates) - 1].mean():.2f} | "
                    f"{ends[:, -1].mean():.2f} | {ends[:, -1].min():.2f} | "
                    f"{np.mean(pruned):.0f} | {np.mean(seconds):.1f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
