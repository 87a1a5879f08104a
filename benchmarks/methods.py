"""Compare every method with random search on the NAS-Bench-201 table.

    python benchmarks/methods.py [TABLE] [--seeds 3] [--first-seed 100] [--candidates 500]
                                 [--methods a,b] [--problems CIFAR-10] [--write] [--jobs 2]

Five problems (benchmarks/nb201/specs.py): one objective on each of the three data sets, three
and four objectives on CIFAR-100. Prints means over the seeds after 30 and 100 candidates and at
the end, the median number of candidates until the best cell by validation is found (one
objective), and whether a method differs from random (Mann-Whitney, two-sided). Settings are tuned
on seeds 0 to 39 only, so seeds start at 100. With --write (20 seeds unless given) it writes
docs/benchmarks.md and its picture.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
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
    "bayesian",
    "tpe",
    "qlognehvi",
    "monas",
    "dpp-net",
    "topology-evolution",
    "renas",
)
EARLY = (30, 100)  # 30 is the budget of a task in public benchmarks
TUNING_SEEDS = range(40)
FIRST_SEED = 100


@dataclass(frozen=True)
class Measured:
    """One method on one problem.

    Attributes:
        curves: seeds x candidates, as in `Problem.curve`.
        seconds: median time of a search.
        reached: for each seed the number of candidates until the best cell by validation was
            found, infinity if it was not; empty with several objectives.
    """

    curves: np.ndarray
    seconds: float
    reached: np.ndarray

    def at(self, candidates: int) -> np.ndarray:
        return self.curves[:, min(candidates, self.curves.shape[1]) - 1]


def one_search(
    job: tuple[Path, Problem, World | None, str, int, int],
) -> tuple[list[float], float, float]:
    """Run one search; return its curve, when it reached the best cell, and its seconds."""
    path, problem, world, method, seed, candidates = job
    start = time.perf_counter()
    values = problem.values(problem.spec(path, method, {}, seed, candidates))
    seconds = time.perf_counter() - start
    lowest = problem.lowest_error(path)
    reached = np.inf if lowest is None else until([row["error"] for row in values], lowest)
    return problem.curve(values, world), reached, seconds


def until(errors: Sequence[float], lowest: float) -> float:
    """Return the number of candidates until the lowest error; infinity if it is not reached."""
    hits = np.flatnonzero(np.isclose(errors, lowest, rtol=0, atol=1e-9))
    return float(hits[0] + 1) if len(hits) else np.inf


def searches(
    path: Path,
    *,
    problems: tuple[Problem, ...],
    methods: tuple[str, ...],
    seeds: range,
    candidates: int,
    jobs: int,
) -> Iterator[tuple[Problem, World | None, dict[str, Measured]]]:
    """Run every method with every seed; yield the results problem by problem."""
    with ProcessPoolExecutor(jobs) as pool:
        for problem in problems:
            world = problem.world(path)
            results = {}
            for method in methods:
                work = [(path, problem, world, method, seed, candidates) for seed in seeds]
                done = list(pool.map(one_search, work))
                curves, reached, seconds = zip(*done, strict=True)
                results[method] = Measured(
                    np.array(curves), float(np.median(seconds)), np.array(reached)
                )
            yield problem, world, results


def lines(
    problem: Problem,
    world: World | None,
    results: dict[str, Measured],
    candidates: int,
) -> list[str]:
    """Return the table of one problem, in Markdown."""
    measure = "Test accuracy of the best by validation, %"
    if world:
        points, volume = world.front_size, world.volume
        measure = f"Gap to the true front, % ({points} points, hypervolume {volume:.4f})"
    text = [f"### {problem.name}: {', '.join(problem.objectives)} on {problem.dataset}", ""]
    text += [f"{measure}; mean and standard deviation over the seeds.", ""]
    early = [count for count in EARLY if count < candidates]
    head = ["method", *(f"after {count}" for count in [*early, candidates]), "deviation", "worst"]
    head += [] if world else ["best cell after"]
    head += ["p against random", "seconds"]
    text += [row_of(head), row_of(["---"] * len(head)).replace(" ", "")]
    baseline = results.get("random")
    for method, result in results.items():
        last = result.at(candidates)
        cells = [f"`{method}`", *(f"{result.at(count).mean():.3f}" for count in early)]
        cells += [f"{last.mean():.3f}", f"{last.std():.3f}"]
        cells += [f"{last.max() if world else last.min():.3f}"]
        cells += [] if world else [middle(result.reached, candidates)]
        compared = baseline is not None and method != "random"
        cells += [probability(last, baseline.at(candidates)) if compared else ""]
        text.append(row_of([*cells, f"{result.seconds:.2f}"]))
    return [*text, ""]


def row_of(cells: list[str]) -> str:
    """Return one row of a table, in Markdown."""
    return f"| {' | '.join(cells)} |"


def middle(reached: np.ndarray, candidates: int) -> str:
    """Return the median number of candidates as text; "> 500" if most searches have none."""
    median = float(np.median(reached))
    return f"{median:.0f}" if np.isfinite(median) else f"> {candidates}"


def probability(first: np.ndarray, second: np.ndarray) -> str:
    """Return the two-sided p of Mann-Whitney's test, as text."""
    p = float(mannwhitneyu(first, second).pvalue)
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Methods on the NAS-Bench-201 table.")
    parser.add_argument("table", type=Path, nargs="?", default=None, help="nb201_table.csv.gz")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--problems", help="names, separated by commas; default: all")
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
    count = args.seeds or (20 if args.write else 3)
    seeds = range(args.first_seed, args.first_seed + count)
    problems = tuple(q for q in QUESTIONS if q.name in (args.problems or q.name).split(","))
    methods = tuple(args.methods.split(","))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    about = about_seeds(seeds) + f" {args.candidates} candidates per search; {machine}."
    print(about, flush=True)
    tables, panels = [], []
    try:
        for problem, world, results in searches(
            table,
            problems=problems,
            methods=methods,
            seeds=seeds,
            candidates=args.candidates,
            jobs=args.jobs,
        ):
            text = lines(problem, world, results, args.candidates)
            print("\n".join(text), flush=True)
            tables += text
            panels.append((problem, {method: result.curves for method, result in results.items()}))
    except EngineError as error:
        print(f"methods: {error}", file=sys.stderr)
        return 2
    if args.write:
        (DOCS / "benchmarks.md").write_text(page(about, tables), encoding="utf-8")
        draw(panels, DOCS / "pictures" / "methods.png")
    return 0


def about_seeds(seeds: range) -> str:
    """Return a sentence that says whether settings were tuned on the seeds."""
    tuned = sum(seed in TUNING_SEEDS for seed in seeds)
    use = "none of them was used for tuning" if not tuned else f"{tuned} of them were tuned on"
    return f"Seeds {seeds[0]} to {seeds[-1]}; {use}."


def page(about: str, tables: list[str]) -> str:
    """Return the text of docs/benchmarks.md."""
    template = (Path(__file__).parent / "nb201" / "page.md").read_text(encoding="utf-8")
    return template.replace("{about}", about).replace("{tables}", "\n".join(tables).strip())


if __name__ == "__main__":
    sys.exit(main())
