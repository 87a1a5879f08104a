"""Measure the training time of a default candidate on `digits`, with and without channels-last.

    python benchmarks/training_speed.py [--candidates 4] [--epochs 5] [--threads 1]

Trains the same architectures of space `cell` alternately with and without channels-last, so that
changes of the machine's load affect both. Prints figures, writes no files.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from nasengine.core.estimator import Evaluation
from nasengine.core.proposal import Proposal
from nasengine.core.settings import from_mapping
from nasengine.data.common.named import named_dataset
from nasengine.estimators.training.estimator import Train
from nasengine.objectives.latency.processor import cpu_name
from nasengine.spaces.cell.space import CellSpace


def trained(number: int, values: dict[str, Any]) -> tuple[float, float]:
    """Train one candidate; return seconds per epoch (median) and the error in percent."""
    space = CellSpace(CellSpace.Config())
    seconds: list[float] = []
    outcome = Train(from_mapping(Train.Config, values)).evaluate(
        Evaluation(
            proposal=Proposal(number, space.sample(np.random.default_rng(number))),
            space=space,
            goals=(),
            seed=number,
            dataset="digits",
            dataset_config={},
            report=lambda report: seconds.append(report["seconds"]),
            cancelled=lambda: False,
        )
    )
    return statistics.median(seconds), outcome.values["error"]


def main() -> None:
    """Print one line per candidate, then the medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--candidates", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=Train.Config().epochs)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    values = {"epochs": args.epochs, "threads": args.threads, "device": "cpu"}
    facts = named_dataset("digits", {}).facts()
    print(f"{cpu_name()}, {platform.machine()}, Python {platform.python_version()}")
    print(f"digits, {facts.train} images per epoch, {args.threads} threads, {args.epochs} epochs")
    trained(0, {**values, "epochs": 1})  # warm-up: reads the data and initialises torch
    rows = []
    print("candidate  s/epoch channels-last  s/epoch without  ratio  s total   error %")
    for number in range(args.candidates):
        fast, error = trained(number, {**values, "channels_last": True})
        plain, _ = trained(number, {**values, "channels_last": False})
        rows.append((fast, plain))
        print(
            f"{number:9}  {fast:21.3f}  {plain:15.3f}  {plain / fast:5.2f}"
            f"  {fast * args.epochs:8.1f}  {error:7.2f}"
        )
    fast, plain = (statistics.median(column) for column in zip(*rows, strict=True))
    ratio = statistics.median(plain / fast for fast, plain in rows)
    print(f"   median  {fast:21.3f}  {plain:15.3f}  {ratio:5.2f}  {fast * args.epochs:8.1f}")


if __name__ == "__main__":
    main()
