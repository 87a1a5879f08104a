"""The measurements behind table `digits-nb201`: small networks trained on `digits`.

Every number is appended to a file as soon as it is known, so a measurement that was stopped
goes on where it was, and several processes can share the work.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import gc
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import torch

from nasengine.core.estimator import Evaluation
from nasengine.core.proposal import Proposal
from nasengine.core.seeds import derive
from nasengine.core.settings import from_mapping
from nasengine.data.common.named import named_dataset
from nasengine.estimators.training.estimator import Train
from nasengine.objectives.common.device_files import device
from nasengine.objectives.latency.timing import Timing, time_network
from nasengine.objectives.macs import Macs
from nasengine.objectives.params import Params
from nasengine.spaces.nb201.space import NB201Config, NB201Space, parse, to_string

from .equivalence import equivalent_cells

NAME = "digits-nb201"
SPACE = NB201Space(
    NB201Config(
        cells=1,
        channels=4,
        operations=("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3"),
    )
)
SEEDS = (0, 1)
DATASET = "digits"
DATASET_CONFIG = {"valid_share": 0.5}
TRAIN_CONFIG = {
    "epochs": 5,
    "batch_size": 100,
    "learning_rate": 0.15,
    "gradient_clip": 0.0,
    "threads": 1,
    "device": "cpu",
}
TIMINGS = 3  # of every architecture, in different orders
# The engine's own device `cpu`, but with its least number of repetitions: there are 12,288 timings.
DEVICE = dataclasses.replace(device("cpu"), seconds=0.0)


def architectures() -> list[str]:
    """The strings of all architectures, in the order of the space."""
    return [cast(str, architecture.genome) for architecture in SPACE.enumerate()]


def groups() -> list[list[str]]:
    """The architectures by the function of their cells; the first of each group is trained."""
    return equivalent_cells(architectures())


def train(text: str, seed: int) -> list[int]:
    """Train one architecture with the engine's estimator `train`.

    Returns:
        How many of the validation images are classified wrongly after each epoch.
    """
    reports: list[dict[str, Any]] = []
    outcome = Train(from_mapping(Train.Config, TRAIN_CONFIG)).evaluate(
        Evaluation(
            proposal=Proposal(0, SPACE.parse(text)),
            space=SPACE,
            goals=(),
            seed=derive(seed, NAME, text),
            dataset=DATASET,
            dataset_config=DATASET_CONFIG,
            report=reports.append,
            cancelled=lambda: False,
        )
    )
    if outcome.state != "done":
        raise RuntimeError(f"{text} with seed {seed} ended as {outcome.state}: {outcome.reason}")
    return [round(report["valid_error"] * images() / 100) for report in reports]


def errors(wrong: Sequence[int]) -> list[float]:
    """The error in percent of the validation images for each number of wrong answers."""
    return [100 * count / images() for count in wrong]


def images() -> int:
    """The number of validation images."""
    return named_dataset(DATASET, DATASET_CONFIG).facts().valid


def costs(text: str) -> tuple[int, int]:
    """Parameters and multiply-accumulates of one architecture, as the objectives count them.

    Every edge is built and run, so they follow from how often each operation occurs.
    """
    return _costs(tuple(sorted(parse(text))))


@cache
def _costs(ops: tuple[str, ...]) -> tuple[int, int]:
    network, shape = _network(to_string(ops))
    return (
        int(Params().measure(network, shape, None).value),
        int(Macs().measure(network, shape, None).value),
    )


def latency(text: str) -> Timing:
    """Times of one forward pass in milliseconds, batch 1."""
    return time_network(*_network(text), DEVICE)


def train_all(folder: Path, name: str, backwards: bool = False) -> None:
    """Train one cell of every function with every seed; appends to `trained-NAME.csv`."""
    with _appended(folder / f"trained-{name}.csv") as write:
        for group in reversed(groups()) if backwards else groups():
            done = trained(folder)
            for seed in SEEDS:
                if (group[0], seed) not in done:
                    write([group[0], seed, *train(group[0], seed)])


def time_all(folder: Path) -> None:
    """Time every architecture, in a new order each time; appends to `timed.csv`."""
    done = timed(folder)
    gc.freeze()  # each timing collects garbage first: what is here already need not be looked at
    with _appended(folder / "timed.csv") as write:
        for turn in range(TIMINGS):
            texts = architectures()
            random.Random(turn).shuffle(texts)
            for text in texts:
                if len(done.get(text, ())) <= turn:
                    timing = latency(text)
                    write([text, f"{timing.median:.4f}", f"{timing.spread:.4f}"])


def trained(folder: Path) -> dict[tuple[str, int], list[int]]:
    """(architecture, seed) -> wrong answers after each epoch, of every process."""
    paths = sorted(folder.glob("trained-*.csv"))
    rows = itertools.chain.from_iterable(_rows(path, 2 + TRAIN_CONFIG["epochs"]) for path in paths)
    return {(row[0], int(row[1])): [int(cell) for cell in row[2:]] for row in rows}


def timed(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Architecture -> median and spread of its timings in milliseconds."""
    found: dict[str, list[tuple[float, float]]] = {}
    for text, median, spread in _rows(folder / "timed.csv", 3):
        found.setdefault(text, []).append((float(median), float(spread)))
    return found


def _network(text: str) -> tuple[torch.nn.Module, tuple[int, ...]]:
    facts = named_dataset(DATASET, DATASET_CONFIG).facts()
    torch.manual_seed(0)
    return SPACE.build(SPACE.parse(text), facts.shape, facts.classes), facts.shape


def _rows(path: Path, cells: int) -> Iterator[list[str]]:
    """The whole rows of a file; a last row that was cut off has fewer cells."""
    if path.exists():
        with path.open(newline="") as file:
            yield from (row for row in csv.reader(file) if len(row) == cells and row[-1])


@contextlib.contextmanager
def _appended(path: Path) -> Iterator[Callable[[list[Any]], None]]:
    """A function that appends one row to a file, at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")

        def write(row: list[Any]) -> None:
            writer.writerow(row)
            file.flush()

        yield write
