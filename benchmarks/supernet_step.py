"""Measure the time of one DARTS step on the supernet and on its plain twin.

    python benchmarks/supernet_step.py [--json] [--repeats 3] [--second] [--device cuda] [--bf16]

One architecture step and one weight step of space `cell`, eight cells of 16 channels, on 32
images of 3x32x32, float32, two threads. The twin has one module for each edge and operation,
uses torch's default memory format, and computes all gradients in both steps. With --bf16 both run
under torch's autocast. Prints figures, writes no files.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.one_shot.plain import PlainCellNetwork
from benchmarks.one_shot.twins import copy_weights
from nasengine.estimators.one_shot.common.gradients import DartsStep, Loss
from nasengine.objectives.latency.processor import cpu_name
from nasengine.spaces.cell.config import CellConfig
from nasengine.spaces.cell.space import CellSpace

CONFIG = CellConfig(cells=8, channels=16)
SHAPE, CLASSES, BATCH = (3, 32, 32), 10, 32


def losses(network: torch.nn.Module, device: torch.device, bf16: bool) -> list[Loss]:
    """Return the loss functions of a training batch and of a validation batch."""

    def loss_of(images: torch.Tensor, labels: torch.Tensor) -> Loss:
        def loss() -> torch.Tensor:
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                return functional.cross_entropy(network(images), labels)

        return loss

    return [
        loss_of(torch.randn(BATCH, *SHAPE).to(device), torch.randint(CLASSES, (BATCH,)).to(device))
        for _ in range(2)
    ]


def optimizers(
    weights: list[torch.nn.Parameter], alphas: list[torch.nn.Parameter]
) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    """Return the optimizers of the paper's search."""
    return (
        torch.optim.SGD(weights, 0.025, momentum=0.9, weight_decay=3e-4),
        torch.optim.Adam(alphas, 3e-4, betas=(0.5, 0.999), weight_decay=1e-3),
    )


def fast_step(network: torch.nn.Module, loss_pair: list[Loss], second: bool) -> Callable[[], None]:
    """Return a function that takes both steps as in a search."""
    parts = network.weight_parameters(), network.architecture_parameters()
    step = DartsStep(network, *optimizers(*parts), second=second)
    train, valid = loss_pair

    def take() -> None:
        step.architecture_step(valid, train)
        step.weight_step(train)

    return take


def plain_step(network: torch.nn.Module, loss_pair: list[Loss]) -> Callable[[], None]:
    """Return a function that takes both first-order steps and computes all gradients in each."""
    named = list(network.named_parameters())
    weights = [p for name, p in named if not name.startswith("alphas.")]
    sgd, adam = optimizers(weights, list(network.alphas.parameters()))
    train, valid = loss_pair

    def take() -> None:
        for loss, optimizer in ((valid, adam), (train, sgd)):
            network.zero_grad()
            loss().backward()
            if optimizer is sgd:
                torch.nn.utils.clip_grad_norm_(weights, 5.0)
            optimizer.step()

    return take


def best_seconds(
    takes: list[Callable[[], None]], repeats: int, finish: Callable[[], None]
) -> list[float]:
    """Return the shortest time of each function over alternating repeats, after a warm-up."""
    best = [float("inf")] * len(takes)
    for repeat in range(repeats + 1):
        for index, take in enumerate(takes):
            started = time.perf_counter()
            take()
            finish()
            if repeat:
                best[index] = min(best[index], time.perf_counter() - started)
    return best


def main() -> None:
    """Print the seconds of both forms and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--second", action="store_true", help="also time the second-order step")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--bf16", action="store_true", help="compute in bf16 instead of float32")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    space = CellSpace(CONFIG)
    fast = space.build(space.supernet(), SHAPE, CLASSES)
    plain = PlainCellNetwork(CONFIG, SHAPE, CLASSES)
    copy_weights(plain, fast, 2, CONFIG.operations)
    device = torch.device(args.device)
    fast.to(device)
    plain.to(device)
    fast_losses = losses(fast, device, args.bf16)
    takes = [
        fast_step(fast, fast_losses, False),
        plain_step(plain, losses(plain, device, args.bf16)),
    ]
    takes += [fast_step(fast, fast_losses, True)] if args.second else []
    finish = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    seconds, plain_seconds, *others = best_seconds(takes, args.repeats, finish)
    card = torch.cuda.get_device_name() if device.type == "cuda" else ""
    machine = f"{cpu_name()}, {platform.machine()}, {args.threads} threads"
    figures = {
        "seconds": round(seconds, 4),
        "plain_seconds": round(plain_seconds, 4),
        "ratio": round(plain_seconds / seconds, 2),
        **({"second_order_seconds": round(others[0], 4)} if others else {}),
        "machine": ", ".join(filter(None, (card, machine))),
        "precision": "bf16" if args.bf16 else "float32",
        "torch": torch.__version__,
    }
    if args.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        print(f"{name:21} {value}")


if __name__ == "__main__":
    main()
