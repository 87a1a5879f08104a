"""Measure the steps of searches and trainings on a CUDA card: plain twin, eager and graph.

    python benchmarks/cuda_steps.py [--sections darts,...] [--json FILE] [--device cpu] [--tiny]

The plain twin has one module for each edge and operation, as published code has. Eager steps launch
every kernel, graph steps replay one CUDA graph. Prints the card and a line per figure; a whole
search is extrapolated from the time of a step, and the line says so. Images are random.

Sections: equal (graph against eager, after five steps), darts (batch 64, C = 16, 8 cells), second
(second order), evaluation (DARTS_V2, 20 cells, 36 channels, batch 96), enas (micro), others (nb201
and recurrent), digits (the first epoch of a process), profile (kernels of a step). On another
device than CUDA nothing is recorded: a dry run.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.cuda.cases import DartsCase, EvaluationCase, RecurrentCase, Sizes
from benchmarks.cuda.digits import first_epochs
from benchmarks.cuda.enas import enas_seconds
from benchmarks.cuda.profile import profile_step


class Figures(dict[str, Any]):
    """Figures by name; each is printed at once, because a lent card may be taken back."""

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        shown = f"{value:.5g}" if isinstance(value, float) else value
        if not isinstance(value, Figures):
            print(f"{name:34} {shown}", flush=True)


PRECISIONS = ("float32", "bf16")
EPOCH_STEPS, SEARCH_EPOCHS = 390, 50  # of the published search on CIFAR-10


def milliseconds(take: Callable[[], object], repeats: int, device: torch.device) -> float:
    """Return the mean time of a step after three others."""
    for _ in range(3):
        take()
    _finish(device)
    started = time.perf_counter()
    for _ in range(repeats):
        take()
    _finish(device)
    return 1000 * (time.perf_counter() - started) / repeats


def equal(args: argparse.Namespace) -> Figures:
    """Return the largest relative difference of parameters after five steps, eager and graph."""
    figures = Figures()
    for name, make in {
        "darts first": lambda graphs: DartsCase(args.sizes, args.device, graphs=graphs),
        "darts second": lambda graphs: DartsCase(
            args.sizes, args.device, graphs=graphs, second=True
        ),
        "nb201": lambda graphs: DartsCase(args.sizes, args.device, graphs=graphs, space="nb201"),
        "recurrent": lambda graphs: RecurrentCase(args.sizes, args.device, graphs=graphs),
        "evaluation": lambda graphs: EvaluationCase(args.sizes, args.device, graphs=graphs),
    }.items():
        with _section(figures, name):
            states = [make(graphs).parameters_after(5) for graphs in (False, False, True)]
            figures[f"{name} eager-eager"] = _difference(states[0], states[1])
            figures[f"{name} eager-graph"] = _difference(states[0], states[2])
    return figures


def darts(args: argparse.Namespace, *, second: bool = False) -> Figures:
    """Time a DARTS step: plain twin, eager, graph."""
    figures = Figures()
    name = "second" if second else "first"
    with _section(figures, "plain"):
        if not second:
            case = DartsCase(args.sizes, args.device, graphs=False, plain=True)
            figures["plain float32 ms"] = milliseconds(case.take, 3, args.device)
    for precision in PRECISIONS:
        with _section(figures, precision):
            case = DartsCase(
                args.sizes, args.device, graphs=True, second=second, precision=precision
            )
            started = time.perf_counter()
            case.take()
            _finish(args.device)
            figures[f"{name} {precision} first step s"] = time.perf_counter() - started
            took = milliseconds(case.take, 10, args.device)
            figures[f"{name} {precision} graph ms"] = took
            figures[f"{name} {precision} epoch s, extrapolated"] = took * EPOCH_STEPS / 1000
            figures[f"{name} {precision} search h, extrapolated"] = (
                took * EPOCH_STEPS * SEARCH_EPOCHS / 3.6e6
            )
            figures[f"{name} {precision} steps"] = case.description
            case = DartsCase(
                args.sizes, args.device, graphs=False, second=second, precision=precision
            )
            figures[f"{name} {precision} eager ms"] = milliseconds(case.take, 3, args.device)
    return figures


def evaluation(args: argparse.Namespace) -> Figures:
    """Time a training step of the evaluation network."""
    figures = Figures()
    for precision in PRECISIONS:
        for graphs, plain in ((True, False), (False, False), (False, True)):
            kind = "plain" if plain else "graph" if graphs else "eager"
            with _section(figures, f"{kind} {precision}"):
                case = EvaluationCase(
                    args.sizes, args.device, graphs=graphs, plain=plain, precision=precision
                )
                took = milliseconds(case.take, 10 if graphs else 4, args.device)
                figures[f"{precision} {kind} ms"] = took
                figures[f"{precision} {kind} images/s"] = 1000 * args.sizes.evaluation_batch / took
    return figures


def others(args: argparse.Namespace) -> Figures:
    """Time the steps of the supernets nb201 and recurrent."""
    figures = Figures()
    for graphs in (True, False):
        kind = "graph" if graphs else "eager"
        with _section(figures, f"nb201 {kind}"):
            case = DartsCase(args.sizes, args.device, graphs=graphs, space="nb201")
            figures[f"nb201 {kind} ms"] = milliseconds(case.take, 5, args.device)
        with _section(figures, f"recurrent {kind}"):
            text = RecurrentCase(args.sizes, args.device, graphs=graphs)
            figures[f"recurrent {kind} ms"] = milliseconds(text.take, 3, args.device)
    return figures


def enas(args: argparse.Namespace) -> Figures:
    """Time the steps of ENAS micro."""
    figures = Figures()
    for precision in PRECISIONS:
        with _section(figures, precision):
            for name, value in enas_seconds(args.sizes, args.device, precision).items():
                figures[name] = value
    return figures


def digits(args: argparse.Namespace) -> Figures:
    """Time the first epoch of DARTS on digits in processes of their own."""
    figures = Figures()
    for name, value in first_epochs(args.device):
        figures[name] = value
        if isinstance(value, dict):
            figures[f"{name} end s"] = value["end"]
    return figures


def profiled(args: argparse.Namespace) -> Figures:
    """Print the kernels of a DARTS step and of a step of the evaluation network."""
    figures = Figures()
    cases: list[Any] = [
        DartsCase(args.sizes, args.device, graphs=False),
        EvaluationCase(args.sizes, args.device, graphs=False),
    ]
    for number, case in enumerate(cases):
        name = f"{type(case).__name__} {number}"
        with _section(figures, name):
            figures[name] = profile_step(case.take, args.device)
    return figures


SECTIONS: dict[str, Callable[[argparse.Namespace], Figures]] = {
    "equal": equal,
    "darts": darts,
    "second": lambda args: darts(args, second=True),
    "evaluation": evaluation,
    "others": others,
    "enas": enas,
    "digits": digits,
    "profile": profiled,
}


@contextlib.contextmanager
def _section(figures: Figures, name: str) -> Any:
    """Note an error and go on with the next part."""
    try:
        yield
    except Exception as error:  # a figure that fails must not stop the others
        figures[f"{name} failed"] = f"{type(error).__name__}: {error}"
        traceback.print_exc()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _difference(left: list[torch.Tensor], right: list[torch.Tensor]) -> float:
    """Return the largest difference, relative to the largest value of its tensor."""
    return max(
        float((first - second).abs().max() / first.abs().max().clamp_min(1e-12))
        for first, second in zip(left, right, strict=True)
    )


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def main() -> None:
    """Print the figures of each section."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sections", default=",".join(SECTIONS))
    parser.add_argument("--device", type=torch.device, default=torch.device("cuda"))
    parser.add_argument("--tiny", action="store_true", help="small networks, for a dry run")
    parser.add_argument("--benchmark", action="store_true", help="cudnn.benchmark")
    parser.add_argument("--json", type=Path, help="file of the figures")
    args = parser.parse_args()
    args.sizes = Sizes.tiny() if args.tiny else Sizes()
    torch.backends.cudnn.benchmark = args.benchmark
    card = torch.cuda.get_device_name() if args.device.type == "cuda" else str(args.device)
    figures = Figures({"card": card, "torch": torch.__version__, "benchmark": args.benchmark})
    print(figures, flush=True)
    for name in args.sections.split(","):
        started = time.perf_counter()
        with _section(figures, name):
            figures[name] = SECTIONS[name](args)
        print(f"{name:11} took {time.perf_counter() - started:.1f} s", flush=True)
        if args.json:
            args.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
