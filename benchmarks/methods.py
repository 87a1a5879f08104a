"""Every method on the NAS-Bench-201 table: table, curves with bands, and chance beside them.

    python benchmarks/methods.py [TABLE] [--seeds 3] [--candidates 500] [--methods a,b]
                                 [--write] [--jobs 2]

Five questions (benchmarks/nb201/specs.py): one objective on each of the three data sets, three
objectives and four objectives on CIFAR-100. Prints means over the seeds after 100 candidates
and at the end, and whether a method differs from random (Mann-Whitney, two-sided). With
--write, 20 seeds by default, it updates docs/benchmarks.md and its picture.
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
from benchmarks.nb201.specs import QUESTIONS, Asked, World
from nasengine.core.errors import EngineError

BESIDE = Path(__file__).parents[2] / "shared" / "data"
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
class Found:
    """Curves seeds x candidates of one method at one question, and seconds a search."""

    curves: np.ndarray
    seconds: float

    def at(self, candidates: int) -> np.ndarray:
        return self.curves[:, min(candidates, self.curves.shape[1]) - 1]


def one_search(job: tuple[Path, Asked, World | None, str, int, int]) -> tuple[list[float], float]:
    """A curve, and how long it took."""
    path, asked, world, method, seed, candidates = job
    began = time.perf_counter()
    curve = asked.curve(asked.spec(path, method, {}, seed, candidates), world)
    return curve, time.perf_counter() - began


def searches(
    path: Path, methods: tuple[str, ...], seeds: int, candidates: int, jobs: int
) -> Iterator[tuple[Asked, World | None, dict[str, Found]]]:
    """SearchSpec by question, every method over every seed."""
    with ProcessPoolExecutor(jobs) as pool:
        for asked in QUESTIONS:
            world = World.of(path, asked.dataset, asked.objectives) if asked.several else None
            found = {}
            for method in methods:
                work = [(path, asked, world, method, seed, candidates) for seed in range(seeds)]
                done = list(pool.map(one_search, work))
                curves = np.array([curve for curve, _ in done])
                found[method] = Found(curves, float(np.median([took for _, took in done])))
            yield asked, world, found


def lines(asked: Asked, world: World | None, found: dict[str, Found], candidates: int) -> list[str]:
    """The table of one question, in Markdown."""
    what = "gap to the true front, %" if world else "test accuracy of the best by validation, %"
    of = f" ({world.front_size} points, hypervolume {world.volume:.4f})" if world else ""
    head = [f"### {asked.name}: {', '.join(asked.objectives)} on {asked.dataset}", ""]
    head += [f"{what[0].upper()}{what[1:]}{of}; mean and deviation over the seeds.", ""]
    head += [
        f"| method | after {EARLY} | after {candidates} | deviation | p against random | seconds |",
        "|---|---|---|---|---|---|",
    ]
    chance = found.get("random")
    for method, one in found.items():
        last = one.at(candidates)
        p = "" if chance is None or method == "random" else probability(last, chance.at(candidates))
        head.append(
            f"| `{method}` | {one.at(EARLY).mean():.3f} | {last.mean():.3f} | {last.std():.3f} "
            f"| {p} | {one.seconds:.2f} |"
        )
    return [*head, ""]


def probability(one: np.ndarray, other: np.ndarray) -> str:
    """Mann-Whitney's p, two-sided, as people write it."""
    p = float(mannwhitneyu(one, other).pvalue)
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Methods on the NAS-Bench-201 table.")
    parser.add_argument("table", type=Path, nargs="?", default=None, help="nb201_table.csv.gz")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--candidates", type=int, default=500)
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help="make docs/benchmarks.md anew")
    args = parser.parse_args()
    table = args.table or Path(os.environ.get("PARETOSCOPE_DATA", BESIDE)) / "nb201_table.csv.gz"
    if args.table is None and not table.is_file():
        print(f"methods: {table} is not there, so nothing is measured; name the table")
        return 0
    seeds = args.seeds or (20 if args.write else 3)
    methods = tuple(args.methods.split(","))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    about = f"{seeds} seeds, {args.candidates} candidates a search; {machine}."
    print(about, flush=True)
    told, panels = [], []
    try:
        for asked, world, found in searches(table, methods, seeds, args.candidates, args.jobs):
            text = lines(asked, world, found, args.candidates)
            print("\n".join(text), flush=True)
            told += text
            panels.append((asked, {method: one.curves for method, one in found.items()}))
    except EngineError as error:
        print(f"methods: {error}", file=sys.stderr)
        return 2
    if args.write:
        (DOCS / "benchmarks.md").write_text(page(about, told), encoding="utf-8")
        draw(panels, DOCS / "pictures" / "methods.png")
    return 0


def page(about: str, told: list[str]) -> str:
    """docs/benchmarks.md."""
    start = (Path(__file__).parent / "nb201" / "page.md").read_text(encoding="utf-8")
    return start.replace("{about}", about).replace("{tables}", "\n".join(told).strip())


if __name__ == "__main__":
    sys.exit(main())
