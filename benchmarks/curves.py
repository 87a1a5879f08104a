"""Learning-curve extrapolation and early termination on published curves.

    python benchmarks/curves.py [FOLDER] [--seeds 5] [--first-seed 100] [--draws 1000]
                                [--threshold 0.05]

For each file and seed, models are fitted to 100 random complete curves and predict the last value
of the others from their first quarter: R2 and Spearman (means over the seeds), the share of last
values inside the 90 % interval, and the Spearman of the last seen value for comparison. Then the
networks of `metaqnn_cifar10` are trained in a random order: the first 100 completely, each other
one until its chance to beat the best so far is below the threshold. Prints the share of epochs
saved and by how many points the found network is worse than the best. Writes no files.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from nasengine.curves import CurveExtrapolation
from nasengine.curves.models import CurveModel, GaussianProcessModel, NuSVRModel

DATA = Path(os.environ.get("PARETOSCOPE_DATA", Path(__file__).parents[2] / "shared" / "data"))
FILES = ("metaqnn_cifar10", "deep_resnets_cifar10", "deep_resnets_tinyimagenet", "lstm_ptb")
TRAINED = 100
CHECKS = (0.25, 0.375, 0.5, 0.625, 0.75)  # shares of the epochs after which a training is judged


def read_curves(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return n x T curves, lower is better, and n x k facts.

    An accuracy becomes an error in percent, a perplexity its logarithm.
    """
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))
    epochs = [name for name in rows[0] if name.startswith(("acc_", "ep_"))]
    facts = [name for name in rows[0] if name not in epochs and _is_number(rows[0][name])]
    values = np.array([[float(row[name]) for name in epochs] for row in rows])
    curves = np.log(values) if epochs[0].startswith("ep_") else 100 * (1 - values)
    return curves, np.array([[float(row[name]) for name in facts] for row in rows])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Return the rank correlation of two arrays."""
    from scipy.stats import spearmanr

    return float(spearmanr(a, b).statistic)


def prediction_figures(
    curves: np.ndarray, facts: np.ndarray, make: Callable[[], CurveModel], seed: int
) -> tuple[float, float, float]:
    """Return R2, Spearman and coverage of the 90 % interval, a quarter of each curve seen."""
    order = np.random.default_rng(seed).permutation(len(curves))
    train, rest = order[:TRAINED], order[TRAINED:]
    seen = curves.shape[1] // 4
    model = CurveExtrapolation(curves[train], facts[train], make, seed)
    predictions = model.predict(curves[rest, :seen], facts[rest])
    means = np.array([p.value for p in predictions])
    inside = np.array([1.645 * p.deviation for p in predictions])
    last = curves[rest, -1]
    r2 = 1 - ((means - last) ** 2).mean() / last.var()
    return r2, spearman(means, last), float((np.abs(means - last) <= inside).mean())


def termination(
    curves: np.ndarray,
    facts: np.ndarray,
    make: Callable[[], CurveModel],
    seed: int,
    threshold: float,
) -> tuple[float, float]:
    """Return the share of epochs saved, and the points by which the found network is worse."""
    order = np.random.default_rng(seed).permutation(len(curves))
    curves, facts = curves[order], facts[order]
    epochs = curves.shape[1]
    model = CurveExtrapolation(curves[:TRAINED], facts[:TRAINED], make, seed)
    checks = sorted({round(share * epochs) for share in CHECKS})
    predicted = {seen: model.predict(curves[TRAINED:, :seen], facts[TRAINED:]) for seen in checks}
    best, spent = curves[:TRAINED, -1].min(), TRAINED * epochs
    for row in range(len(curves) - TRAINED):
        chances = ((seen, predicted[seen][row].chance_below(best)) for seen in checks)
        stopped = next((seen for seen, chance in chances if chance < threshold), None)
        spent += epochs if stopped is None else stopped
        if stopped is None:
            best = min(best, curves[TRAINED + row, -1])
    return 1 - spent / curves.size, float(best - curves[:, -1].min())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--threshold", type=float, default=0.05)
    args = parser.parse_args()
    if not (args.folder / f"curves_{FILES[0]}.csv.gz").is_file():
        sys.exit(f"{args.folder} has no curves_{FILES[0]}.csv.gz: name the folder with the curves")
    models = {"nu-svr": lambda: NuSVRModel(args.draws), "gaussian-process": GaussianProcessModel}
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    print(f"{platform.processor() or platform.machine()}, seeds {seeds[0]} to {seeds[-1]}")
    print("| curves | model | R2 | Spearman | in 90 % interval | last seen value | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in FILES:
        curves, facts = read_curves(args.folder / f"curves_{name}.csv.gz")
        plain = spearman(curves[:, curves.shape[1] // 4 - 1], curves[:, -1])
        for title, make in models.items():
            started = time.monotonic()
            found = np.array([prediction_figures(curves, facts, make, seed) for seed in seeds])
            r2, rank, inside = found.mean(axis=0)
            seconds = (time.monotonic() - started) / len(seeds)
            print(
                f"| {name} | {title} | {r2:.3f} | {rank:.3f} (worst {found[:, 1].min():.3f}) | "
                f"{inside:.0%} | {plain:.3f} | {seconds:.1f} |",
                flush=True,
            )
    curves, facts = read_curves(args.folder / f"curves_{FILES[0]}.csv.gz")
    for title, make in models.items():
        ends = np.array([termination(curves, facts, make, s, args.threshold) for s in seeds])
        print(
            f"early termination, {title}: {ends[:, 0].mean():.0%} of the epochs saved (least "
            f"{ends[:, 0].min():.0%}), found network worse by {ends[:, 1].mean():.2f} points (at "
            f"most {ends[:, 1].max():.2f})"
        )


if __name__ == "__main__":
    main()
