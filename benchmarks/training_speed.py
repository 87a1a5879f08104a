"""How long a default candidate trains on `digits` here, and what channels-last is worth.

    python benchmarks/training_speed.py [--candidates 4] [--epochs 5] [--threads 1]

Trains the same architectures of space `cell` twice, with and without channels-last, in
turns, so that a change in the machine's load falls on both. Prints figures and writes
nothing.
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
    """Seconds an epoch (median over epochs) and error in percent of one candidate."""
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
    """Prints one line a candidate, then the medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--candidates", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=Train.Config().epochs)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    values = {"epochs": args.epochs, "threads": args.threads, "device": "cpu"}
    facts = named_dataset("digits", {}).facts()
    print(f"{cpu_name()}, {platform.machine()}, Python {platform.python_version()}")
    print(f"digits, {facts.train} images an epoch, {args.threads} threads, {args.epochs} epochs")
    trained(0, {**values, "epochs": 1})  # reading the data and torch's own start
    rows = []
    print("candidate  s/epoch channels-last  s/epoch without  ratio  s in all  error %")
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
