"""How many candidates per minute are trained one after another, in processes, and in one process?

    python benchmarks/cuda_together.py [--networks 1,2,4,8] [--space cell] [--images 5000]
        [--epochs 2] [--batch 64] [--channels 16] [--cells 8] [--device cuda] [--quick]

Trains N random networks of a space on random images 3 x 32 x 32 in three ways: "one by one" in one
process, "processes" (one for each network, as `--concurrency N` starts them) and "together" (in one
process that takes turns, as with SHARED_TRAINER=1). Everything is warm when the time starts: each
process has trained the same networks for some steps, so that CUDA and cuDNN are prepared; "ready"
is the time for that. "memory" is the most that was used of the card, by all processes.

Prints the device, a line for each way and number, and the ratio to one by one. Exit status 1 if a
network trained together differs from the same one trained by itself: in its validation loss at all
on the CPU, by more than half a nat on CUDA, where operations are not deterministic. Without a card
it is a dry run of the small sizes of `--quick`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from nasengine.core.dataset import Part
from nasengine.core.interleaving import Interleaver, hand_on
from nasengine.core.settings import from_mapping
from nasengine.core.torch_state import ProcessState, own_stream, seeded
from nasengine.estimators.training.config import TrainConfig
from nasengine.estimators.training.device_context import find_device_context
from nasengine.estimators.training.loop import Job, run_epochs
from nasengine.objectives.latency.processor import cpu_name
from nasengine.spaces.cell.space import CellSpace
from nasengine.spaces.nb201.space import NB201Space

SPACES = {"cell": CellSpace, "nb201": NB201Space}
SHAPE, CLASSES, VALID = (3, 32, 32), 10, 512
WARM_UP_IMAGES = 6 * 64  # two eager steps, the recording of a graph, some replays
QUICK = {"images": 64, "epochs": 2, "batch": 16, "channels": 4, "cells": 2}
MAX_DIFFERENCE = 0.5  # nats, on CUDA

Losses = list[float]


class Trainings:
    """Trainings of the networks of the options, by number."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        settings = {"epochs": options.epochs, "batch_size": options.batch, "drop_path": 0.2}
        config = from_mapping(TrainConfig, {**settings, "device": options.device})
        self.config = config.resolve("images")
        self.context = find_device_context(config)
        shape = {"cells": options.cells, "channels": options.channels}
        kind = SPACES[options.space]
        self.space: Any = kind(from_mapping(kind.Config, shape))
        self.train, self.valid = _part(options.images, 0), _part(min(VALID, options.images), 1)

    def warm_up(self, numbers: range) -> None:
        """Train each network for some steps."""
        few = min(WARM_UP_IMAGES, self.options.images)
        part = Part(self.train.images[:few], self.train.labels[:few])
        for number in numbers:
            self._loss(number, part, replace(self.config, epochs=1))

    def loss(self, number: int) -> float:
        """Train a network and return its validation loss in nats."""
        return self._loss(number, self.train, self.config)

    def _loss(self, number: int, part: Part, config: Any) -> float:
        device = self.context.device
        with seeded(number, device):
            architecture = self.space.sample(np.random.default_rng(number))
            network = self.context.move(self.space.build(architecture, SHAPE, CLASSES))
            job = Job(network, part, self.valid, config, self.context, number, _ignore, _turn)
            scores = list(run_epochs(job))
        assert scores[-1] is not None, "there is a valid part"
        return scores[-1].loss


def one_by_one(options: argparse.Namespace, count: int) -> tuple[float, float, Losses]:
    """Return seconds until all is warm, seconds of the trainings, and their losses."""
    trainings, ready = _warm(options, range(count))
    started = time.perf_counter()
    losses = [trainings.loss(number) for number in range(count)]
    return ready, time.perf_counter() - started, losses


def together(options: argparse.Namespace, count: int) -> tuple[float, float, Losses]:
    """Train in threads of this process that take turns, as `workers.shared_trainer` does."""
    trainings, ready = _warm(options, range(count))
    first = ProcessState()
    turns = Interleaver(lambda: ProcessState(first))
    losses: dict[int, float] = {}

    def train(number: int) -> None:
        with turns.seat(), own_stream():
            losses[number] = trainings.loss(number)

    threads = [threading.Thread(target=train, args=(number,)) for number in range(count)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ready, time.perf_counter() - started, [losses[number] for number in range(count)]


def processes(options: argparse.Namespace, count: int) -> tuple[float, float, Losses]:
    """Train in a process for each network; all begin when the last one is warm."""
    command = [sys.executable, __file__, "--device", options.device, "--space", options.space]
    for name in QUICK:
        command += [f"--{name}", str(getattr(options, name))]
    begun = time.perf_counter()
    children = [
        subprocess.Popen(
            [*command, "--child", str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(count)
    ]
    for child in children:
        _line(child)
    started = time.perf_counter()
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    losses = [float(json.loads(_line(child))) for child in children]
    seconds = time.perf_counter() - started
    for child in children:
        child.communicate()
    return started - begun, seconds, losses


WAYS: dict[str, Callable[[argparse.Namespace, int], tuple[float, float, Losses]]] = {
    "one by one": one_by_one,
    "processes": processes,
    "together": together,
}


def main() -> int:
    """Print a line for each way and number of networks."""
    options = _options()
    if options.child is not None:
        return _child(options)
    is_cuda = options.device.startswith("cuda")
    name = torch.cuda.get_device_name() if is_cuda else cpu_name()
    print(f"{name}, torch {torch.__version__}, {vars(options)}", flush=True)
    allowed = MAX_DIFFERENCE if is_cuda else 0.0
    differences = []
    for count in map(int, options.networks.split(",")):
        found: dict[str, tuple[float, Losses]] = {}
        for way, run in WAYS.items():
            with _peak_memory(is_cuda) as peak:
                ready, seconds, losses = run(options, count)
            rate = 60 * count / seconds
            found[way] = rate, losses
            print(
                f"{count} networks, {way:10}: {rate:9.1f} candidates per minute, ratio "
                f"{rate / found['one by one'][0]:.2f}, ready after {ready:.1f} s, memory "
                f"{max(peak) / 2**30:.2f} GiB",
                flush=True,
            )
        one, other = found["one by one"][1], found["together"][1]
        differences += [abs(left - right) for left, right in zip(one, other, strict=True)]
    print(f"largest difference of a loss of together: {max(differences):.3g} nats")
    return int(max(differences) > allowed)


def _child(options: argparse.Namespace) -> int:
    """Train one network when the parent says go."""
    trainings, _ = _warm(options, range(options.child, options.child + 1))
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(trainings.loss(options.child)), flush=True)
    return 0


def _warm(options: argparse.Namespace, numbers: range) -> tuple[Trainings, float]:
    started = time.perf_counter()
    trainings = Trainings(options)
    trainings.warm_up(numbers)
    return trainings, time.perf_counter() - started


@contextmanager
def _peak_memory(is_cuda: bool) -> Iterator[list[int]]:
    """Collect the used bytes of the card inside the block."""
    used, ended = [0], threading.Event()

    def look() -> None:
        while not ended.wait(0.1):
            free, total = torch.cuda.mem_get_info()
            used.append(total - free)

    if is_cuda:
        torch.cuda.empty_cache()
    watcher = threading.Thread(target=look, daemon=True)
    if is_cuda:
        watcher.start()
    yield used
    ended.set()
    if is_cuda:
        watcher.join()


def _part(count: int, seed: int) -> Part:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(count, *SHAPE, generator=generator)
    return Part(images, torch.randint(CLASSES, (count,), generator=generator))


def _line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line:
        raise SystemExit("a process ended before its training did")
    return line


def _ignore(point: dict[str, Any]) -> None:
    """Take a report."""


def _turn() -> bool:
    hand_on()
    return False


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    has_card = torch.cuda.is_available()
    parser.add_argument("--networks", default="1,2,4,8")
    parser.add_argument("--space", choices=sorted(SPACES), default="cell")
    parser.add_argument("--device", default="cuda" if has_card else "cpu")
    parser.add_argument("--quick", action="store_true", help="small sizes, for a dry run")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    defaults = {"images": 5000, "epochs": 2, "batch": 64, "channels": 16, "cells": 8}
    for name in defaults:
        parser.add_argument(f"--{name}", type=int)
    options = parser.parse_args()
    options.quick = options.quick or options.device == "cpu"
    if options.quick and options.child is None:
        options.networks = options.networks if options.networks != "1,2,4,8" else "1,3"
    for name, value in (QUICK if options.quick else defaults).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


if __name__ == "__main__":
    raise SystemExit(main())
