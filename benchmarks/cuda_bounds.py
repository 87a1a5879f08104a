"""Compare the figures of a CUDA card with the bounds that the project sets itself.

    python benchmarks/cuda_bounds.py [--seconds 540] [--only darts,second] [--device cpu --tiny]

Runs the sections of `cuda_steps.py`, `cuda_together.py` and the tests that need a card, each in a
process of its own, the most important first. Each gets what is left of the time, at most its own
limit; figures that were printed before count. Then prints a line per bound: figure, bound, and
"met", "NOT met" or "not measured". Exit status 1 unless every bound is met. On another device than
CUDA it is a dry run: it shows that every figure is printed, and its figures mean nothing.

The bounds hold for one H100. "graph = eager" is the largest relative difference of a parameter
after five steps; that of two eager runs is printed too, since kernels that add in no fixed order
make them differ. ENAS steps have no bound; their times are printed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEAST_SECONDS = 5.0  # what a part needs to be worth starting
MAX_DIFFERENCE = 1e-5
CARD_TESTS = [
    "tests/nasengine/core/test_interleaving.py",
    "tests/nasengine/estimators/training/test_graphs.py",
]
STEPS, TESTS, TOGETHER = "cuda_steps.py", "tests", "cuda_together.py"
FIGURE = re.compile(r"^(?P<name>\S.*?) +(?P<value>-?[\d.]+(?:e[-+]?\d+)?)$")

Figures = dict[str, float]


@dataclass(frozen=True)
class Part:
    """Something to run, with the most seconds that it gets."""

    name: str
    seconds: float


@dataclass(frozen=True)
class Bound:
    """A bound on a figure.

    Attributes:
        words: what is bounded, with its unit.
        part: the part that prints the figures.
        figure: computes the bounded figure; raises KeyError if something is missing.
        limit: the bound.
        is_minimum: whether the figure must not be less, otherwise it must not be more.
    """

    words: str
    part: str
    figure: Callable[[Figures], float]
    limit: float
    is_minimum: bool = False

    def line(self, figures: Figures) -> tuple[bool, str]:
        """Return whether the bound is met, and the line to print."""
        sign = ">=" if self.is_minimum else "<="
        try:
            value = self.figure(figures)
        except KeyError as error:
            return False, f"{self.words}: not measured ({error.args[0]} is missing)"
        is_met = value >= self.limit if self.is_minimum else value <= self.limit
        word = "met" if is_met else "NOT met"
        return is_met, f"{self.words}: {value:.4g} {sign} {self.limit:g}: {word}"


PARTS = [
    Part("digits", 90.0),
    Part("darts", 150.0),
    Part("second", 150.0),
    Part("equal", 120.0),
    Part("enas", 120.0),
    Part("evaluation", 120.0),
    Part(TESTS, 120.0),
    Part(TOGETHER, 180.0),
]


def _best(kind: str) -> Callable[[Figures], float]:
    """Return the faster of both precisions."""
    return lambda figures: min(figures[f"{kind} {p} graph ms"] for p in ("float32", "bf16"))


def _second_order(figures: Figures) -> float:
    return figures["second float32 graph ms"] / figures["first float32 graph ms"]


def _figure(name: str) -> Callable[[Figures], float]:
    """Return a printed figure."""
    return lambda figures: figures[name]


BOUNDS = [
    Bound("first epoch of DARTS on digits with start, s", "digits", _figure("default end s"), 5),
    Bound("DARTS step, first order, batch 64, ms", "darts", _best("first"), 60),
    Bound("second order / first order, float32, graphs", "second", _second_order, 3),
    *(
        Bound(f"graph = eager, {name}", "equal", _figure(f"{name} eager-graph"), MAX_DIFFERENCE)
        for name in ("darts first", "darts second", "nb201", "recurrent", "evaluation")
    ),
    Bound(
        "evaluation network, images/s",
        "evaluation",
        lambda f: max(f[f"{p} graph images/s"] for p in ("float32", "bf16")),
        2300,
        True,
    ),
    Bound("tests that use a card, exit status", TESTS, _figure(f"exit status of {TESTS}"), 0),
    Bound(
        "networks trained together equal those by themselves, exit status",
        TOGETHER,
        _figure(f"exit status of {TOGETHER}"),
        0,
    ),
]


def figures_of(output: str) -> Figures:
    """Return the figures of lines that end with a number after a name."""
    matches = (FIGURE.match(line) for line in output.splitlines())
    return {match["name"]: float(match["value"]) for match in matches if match}


def main() -> int:
    """Run the parts, then print a line for each bound."""
    options = _options()
    deadline = time.monotonic() + options.seconds
    figures: Figures = {}
    parts = [part for part in PARTS if not options.only or part.name in options.only]
    for part in parts:
        rest = min(part.seconds, deadline - time.monotonic())
        if rest < LEAST_SECONDS:
            print(f"== {part.name}: no time left", flush=True)
            continue
        print(f"== {part.name}", flush=True)
        output, status = _run(_command(part.name, options), rest)
        figures |= figures_of(output)
        if status is not None:
            figures[f"exit status of {part.name}"] = float(status)
    print("== bounds", flush=True)
    names = {part.name for part in parts}
    results = [bound.line(figures) for bound in BOUNDS if bound.part in names]
    for _, line in results:
        print(line)
    return 0 if all(is_met for is_met, _ in results) else 1


def _command(name: str, options: argparse.Namespace) -> list[str]:
    if name == TESTS:  # of the engine: they need neither Django nor servers
        return [sys.executable, "-m", "pytest", "--noconftest", "-p", "no:xdist", "-q", *CARD_TESTS]
    program = str(ROOT / "benchmarks" / (TOGETHER if name == TOGETHER else STEPS))
    command = [sys.executable, program, "--device", options.device]
    if name == TOGETHER:
        return [*command, *(["--quick"] if options.tiny else [])]
    return [*command, "--sections", name, *(["--tiny"] if options.tiny else [])]


def _run(command: list[str], seconds: float) -> tuple[str, int | None]:
    """Run a command and print what it prints; return that, and its exit status if it ended."""
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
        status = process.returncode
    except subprocess.TimeoutExpired:
        _kill(process)
        output, _ = process.communicate()
        status = None
    print(output, end="")
    word = "stopped" if status is None else f"exit status {status}"
    print(f"{word} after {time.monotonic() - started:.0f} s", flush=True)
    return output, status


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill a process and those that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=540.0, help="for all parts together")
    parser.add_argument("--only", type=lambda text: text.split(","), help="parts, separated by ,")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="small networks, for a dry run")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
