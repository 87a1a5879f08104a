"""Compare children that inherit weights with children trained from scratch.

    python benchmarks/inheritance.py [--pairs 16] [--epochs 10] [--rate 0] [--processes 2]

For small `nb201` and `cell` on `digits`, a random parent is trained for some epochs. Its mutant is
trained three times: from scratch for the same epochs, from scratch for half of them, and with the
parent's weights for half of them. Every training has its own seed. The error is measured on all
images outside of the train part, to resolve small differences. Prints figures, writes no files.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import platform
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from nasengine.catalog import load
from nasengine.core.estimator import Evaluation
from nasengine.core.proposal import Proposal
from nasengine.core.settings import from_mapping
from nasengine.core.space import Space
from nasengine.core.weight_store import MemoryWeightStore
from nasengine.data.common.named import named_dataset
from nasengine.estimators.inheritance.estimator import Inherit
from nasengine.estimators.training.device_context import find_device_context
from nasengine.estimators.training.score import score
from nasengine.objectives.latency.processor import cpu_name

SPACES: dict[str, dict[str, Any]] = {
    "nb201": {"cells": 1, "channels": 8},
    "cell": {"cells": 3, "channels": 8, "nodes": 2},
}
TRAININGS = ("parent", "scratch", "scratch, half", "inherited, half")


def pair(name: str, epochs: int, rate: float, number: int) -> tuple[list[float], float]:
    """Return errors in percent in the order of TRAININGS, and the share of inherited parameters."""
    cls = load("spaces", name)
    space = cls(from_mapping(cls.Config, SPACES[name]))
    rng = np.random.default_rng(number)
    parent = space.sample(rng)
    child = space.mutate(parent, rng)
    weights = MemoryWeightStore()
    train = functools.partial(measured, space, weights, rate)
    errors = [
        train(Proposal(4 * number, parent), epochs),
        train(Proposal(4 * number + 1, child), epochs),
        train(Proposal(4 * number + 2, child), epochs // 2),
        train(Proposal(4 * number + 3, child, (4 * number,)), epochs // 2),
    ]
    detail = errors[-1][1]
    assert detail["inherited_from"] == 4 * number
    return [error for error, _ in errors], detail["inherited"] / detail["parameters"]


def measured(
    space: Space, weights: MemoryWeightStore, rate: float, proposal: Proposal, epochs: int
) -> tuple[float, dict[str, Any]]:
    """Train a candidate for `epochs`; return its error in percent and the measurement's detail."""
    settings = {
        "epochs": epochs,
        "inherited_epochs": epochs,
        "inherited_learning_rate": rate,
        "device": "cpu",
        "threads": 1,
    }
    trained = Inherit(from_mapping(Inherit.Config, settings)).train(
        Evaluation(
            proposal=proposal,
            space=space,
            goals=(),
            seed=proposal.number,
            dataset="digits",
            dataset_config={},
            report=lambda point: None,
            cancelled=lambda: False,
            weights=weights,
        )
    )
    return unseen_error(trained.network), trained.outcome.measurements[0].detail


def unseen_error(network: Any) -> float:
    """Return the percentage of wrong answers on the valid and the test part."""
    dataset = named_dataset("digits", {})
    parts = (dataset.search_parts()[1], dataset.test_part())
    context = find_device_context(Inherit.Config(device="cpu"))
    scores = [score(network, p.images, p.labels, context, lambda: False) for p in parts]
    return 100 * sum(s.wrong for s in scores) / sum(s.count for s in scores)


def spread(values: list[float]) -> str:
    """Format mean and standard deviation."""
    return f"{statistics.mean(values):6.2f} ± {statistics.stdev(values):4.2f}"


def main() -> None:
    """Print one line per training, then the difference between inherited and from scratch."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=10, help="epochs of a training from scratch")
    parser.add_argument(
        "--rate", type=float, default=0, help="learning rate of a child that inherits; 0: default"
    )
    parser.add_argument("--processes", type=int, default=2, help="parallel trainings")
    args = parser.parse_args()
    facts = named_dataset("digits", {}).facts()
    print(f"{cpu_name()}, {platform.machine()}, Python {platform.python_version()}")
    scored = facts.valid + facts.test
    print(f"digits, {facts.train} training images, {scored} scored images, {args.pairs} pairs")
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(args.processes, spawn) as pool:
        for name in SPACES:
            began = time.monotonic()
            measure = functools.partial(pair, name, args.epochs, args.rate)
            rows = list(pool.map(measure, range(args.pairs)))
            report(name, args.epochs, rows, time.monotonic() - began)


def report(name: str, epochs: int, rows: list[tuple[list[float], float]], seconds: float) -> None:
    """Print the results of one space."""
    columns = list(zip(*(errors for errors, _ in rows), strict=True))
    print(f"\n{name}, {seconds:.0f} s     epochs  error % (mean ± deviation)")
    for index, (training, values) in enumerate(zip(TRAININGS, columns, strict=True)):
        print(f"  {training:16}  {epochs // 2 if index > 1 else epochs:6}  {spread(list(values))}")
    differences = [
        inherited - scratch for scratch, inherited in zip(columns[1], columns[3], strict=True)
    ]
    standard = statistics.stdev(differences) / len(rows) ** 0.5
    share = statistics.mean(share for _, share in rows)
    print(
        f"  inherited minus scratch {statistics.mean(differences):+.2f} ± {standard:.2f} points "
        f"(mean and its standard error); {100 * share:.0f} % of the parameters inherited"
    )


if __name__ == "__main__":
    main()
