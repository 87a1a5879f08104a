"""Measure the time of a training step against plain layers, and of a candidate on `digits`.

    python benchmarks/training_speed.py [--repeats 10] [--candidates 4] [--epochs 5] [--threads 1]

First one step of DARTS_V2 (five cells of 8 channels, 64 images of 3x28x28), in turn with the same
network of torch's own layers in its default memory format, with one and with two threads: the
shortest and the median of the repeats. Then whole trainings of architectures of space `cell`, in
turn with and without channels-last. Prints figures, writes no files.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.one_shot.plain_blocks import plain
from nasengine.core.estimator import Evaluation
from nasengine.core.proposal import Proposal
from nasengine.core.settings import from_mapping
from nasengine.data.common.named import named_dataset
from nasengine.estimators.training.estimator import Train
from nasengine.estimators.training.optimizer import make_optimizer
from nasengine.objectives.latency.processor import cpu_name
from nasengine.spaces.cell.config import CellConfig
from nasengine.spaces.cell.space import CellSpace
from nasengine.spaces.common.membership import resized
from nasengine.spaces.published.darts import DARTS_V2

SHAPE, CLASSES, BATCH = (3, 28, 28), 10, 64


def step(
    network: torch.nn.Module, images: torch.Tensor, optimizer: torch.optim.Optimizer
) -> Callable[[], None]:
    """Return a function that takes one step as a stand-alone training does."""
    labels = torch.randint(CLASSES, (len(images),), generator=torch.Generator().manual_seed(0))

    def take() -> None:
        loss = functional.cross_entropy(network(images), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()

    return take


def step_seconds(threads: int, repeats: int) -> tuple[list[float], list[float]]:
    """Return the seconds of each step of our form and of the plain form, taken in turn."""
    torch.manual_seed(0)
    torch.set_num_threads(threads)
    space = CellSpace(CellConfig(cells=5, channels=8))
    architecture = resized(CellConfig, DARTS_V2, cells=5, channels=8)
    ours, reference = (space.build(architecture, SHAPE, CLASSES) for _ in range(2))
    reference.load_state_dict(ours.state_dict())
    plain(reference)
    ours.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = torch.randn(BATCH, *SHAPE)
    config = Train.Config().resolve("images")
    sgd = torch.optim.SGD(reference.parameters(), config.learning_rate, 0.9, weight_decay=3e-4)
    steps = [
        step(
            ours,
            images.contiguous(memory_format=torch.channels_last),
            make_optimizer(ours, config),
        ),
        step(reference, images, sgd),
    ]
    seconds: tuple[list[float], list[float]] = ([], [])
    for repeat in range(repeats + 2):
        for column, take in zip(seconds, steps, strict=True):
            started = time.perf_counter()
            take()
            if repeat >= 2:  # the first two warm up
                column.append(time.perf_counter() - started)
    return seconds


def print_steps(repeats: int) -> None:
    """Print a row for one thread and one for two."""
    print("one step of DARTS_V2, 5 cells of 8 channels, 64 images of 3x28x28, float32")
    print("threads  ms ours (median)  ms plain (median)  ours / plain  (of medians)")
    for threads in (1, 2):
        ours, reference = step_seconds(threads, repeats)
        best = [1000 * min(column) for column in (ours, reference)]
        middle = [1000 * statistics.median(column) for column in (ours, reference)]
        print(
            f"{threads:7}  {best[0]:7.0f} ({middle[0]:6.0f})  {best[1]:8.0f} ({middle[1]:6.0f})"
            f"  {best[0] / best[1]:12.2f}  ({middle[0] / middle[1]:.2f})",
            flush=True,
        )


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
    """Print the steps, then one line per candidate and the medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=10, help="steps of each form")
    parser.add_argument("--candidates", type=int, default=4, help="0: only the steps")
    parser.add_argument("--epochs", type=int, default=Train.Config().epochs)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    print(f"{cpu_name()}, {platform.machine()}, Python {platform.python_version()}")
    print_steps(args.repeats)
    if not args.candidates:
        return
    values = {"epochs": args.epochs, "threads": args.threads, "device": "cpu"}
    facts = named_dataset("digits", {}).facts()
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
