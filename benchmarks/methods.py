"""Compare every method with random search on the NAS-Bench-201 table.

    python benchmarks/methods.py [TABLE] [--seeds 3] [--candidates 500] [--methods a,b]
                                 [--write] [--jobs 2]

Five problems (benchmarks/nb201/specs.py): one objective on each of the three data sets, three
and four objectives on CIFAR-100. Prints means over the seeds after 100 candidates and at the end,
and whether a method differs from random (Mann-Whitney, two-sided). With --write (20 seeds unless
given) it writes docs/benchmarks.md and its picture.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
from scipy.stats import mannwhitneyu

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.nb201.curves import draw
from benchmarks.nb201.specs import QUESTIONS, Problem, World
from nasengine.core.errors import EngineError

DATA = Path(__file__).parents[2] / "shared" / "data"
DOCS = Path(__file__).parents[1] / "docs"
METHODS = (
    "random",
    "regularised-evolution",
    "nsga2",
    "local-search",
    "monas",
    "dpp-net",
    "topology-evolution",
    "renas",
)
EARLY = 100


@dataclass(frozen=True)
class Measured:
    """Curves (seeds x candidates) of one method on one problem, and seconds per search."""

    curves: np.ndarray
    seconds: float

    def at(self, candidates: int) -> np.ndarray:
        return self.curves[:, min(candidates, self.curves.shape[1]) - 1]


def one_search(
    job: tuple[Path, Problem, World | None, str, int, int],
) -> tuple[list[float], float]:
    """Run one search; return its curve and its duration in seconds."""
    path, problem, world, method, seed, candidates = job
    start = time.perf_counter()
    curve = problem.curve(problem.spec(path, method, {}, seed, candidates), world)
    return curve, time.perf_counter() - start


def searches(
    path: Path, methods: tuple[str, ...], seeds: int, candidates: int, jobs: int
) -> Iterator[tuple[Problem, World | None, dict[str, Measured]]]:
    """Run every method with every seed; yield the results problem by problem."""
    with ProcessPoolExecutor(jobs) as pool:
        for problem in QUESTIONS:
            world = problem.world(path)
            results = {}
            for method in methods:
                work = [(path, problem, world, method, seed, candidates) for seed in range(seeds)]
                done = list(pool.map(one_search, work))
                curves = np.array([curve for curve, _ in done])
                results[method] = Measured(curves, float(np.median([s for _, s in done])))
            yield problem, world, results


def lines(
    problem: Problem, world: World | None, results: dict[str, Measured], candidates: int
) -> list[str]:
    """Return the table of one problem, in Markdown."""
    measure = "Test accuracy of the best by validation, %"
    if world:
        points, volume = world.front_size, world.volume
        measure = f"Gap to the true front, % ({points} points, hypervolume {volume:.4f})"
    head = [f"### {problem.name}: {', '.join(problem.objectives)} on {problem.dataset}", ""]
    head += [f"{measure}; mean and standard deviation over the seeds.", ""]
    head += [
        f"| method | after {EARLY} | after {candidates} | deviation | p against random | seconds |",
        "|---|---|---|---|---|---|",
    ]
    baseline = results.get("random")
    for method, result in results.items():
        last = result.at(candidates)
        p = ""
        if baseline is not None and method != "random":
            p = probability(last, baseline.at(candidates))
        head.append(
            f"| `{method}` | {result.at(EARLY).mean():.3f} | {last.mean():.3f} | {last.std():.3f} "
            f"| {p} | {result.seconds:.2f} |"
        )
    return [*head, ""]


def probability(first: np.ndarray, second: np.ndarray) -> str:
    """Return the two-sided p of Mann-Whitney's test, as text."""
    p = float(mannwhitneyu(first, second).pvalue)
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Methods on the NAS-Bench-201 table.")
    parser.add_argument("table", type=Path, nargs="?", default=None, help="nb201_table.csv.gz")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--candidates", type=int, default=500)
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--write", action="store_true", help="write docs/benchmarks.md and its picture"
    )
    args = parser.parse_args()
    table = args.table or Path(os.environ.get("PARETOSCOPE_DATA", DATA)) / "nb201_table.csv.gz"
    if args.table is None and not table.is_file():
        print(f"methods: there is no file {table}: nothing is measured; give the table's path")
        return 0
    seeds = args.seeds or (20 if args.write else 3)
    methods = tuple(args.methods.split(","))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    about = f"{seeds} seeds, {args.candidates} candidates per search; {machine}."
    print(about, flush=True)
    tables, panels = [], []
    try:
        for problem, world, results in searches(table, methods, seeds, args.candidates, args.jobs):
            text = lines(problem, world, results, args.candidates)
            print("\n".join(text), flush=True)
            tables += text
            panels.append((problem, {method: one.curves for method, one in results.items()}))
    except EngineError as error:
        print(f"methods: {error}", file=sys.stderr)
        return 2
    if args.write:
        (DOCS / "benchmarks.md").write_text(page(about, tables), encoding="utf-8")
        draw(panels, DOCS / "pictures" / "methods.png")
    return 0


def page(about: str, tables: list[str]) -> str:
    """Return the text of docs/benchmarks.md."""
    template = (Path(__file__).parent / "nb201" / "page.md").read_text(encoding="utf-8")
    return template.replace("{about}", about).replace("{tables}", "\n".join(tables).strip())


if __name__ == "__main__":
    sys.exit(main())
