"""How often does a study that looks after every seed decide although no method is better?

    python benchmarks/sequential.py [--simulations 20000] [--seeds 100]

Draws results of equal methods, looks after every seed, and counts the studies with at least one
decision: at most 5 % may have one. Prints also how many seeds a better method needs until it is
decided. Prints figures and writes nothing.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from nasengine.objectives.latency.processor import cpu_name
from nasengine.statistics.sequential import ALPHA, wealth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=100)
    options = parser.parse_args()
    print(f"{cpu_name()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    rng = np.random.default_rng(100)
    for methods in (1, 3, 7):
        rate = false_alarms(options.simulations, options.seeds, methods, rng)
        print(f"{methods} equal methods, {options.seeds} seeds: {100 * rate:.2f} % false decisions")
    for chance in (0.7, 0.8, 0.9, 0.99):
        needed = seeds_needed(chance, options.simulations // 10, options.seeds, rng)
        print(
            f"better at {100 * chance:.0f} % of the seeds: median {needed:.0f} seeds to a decision"
        )


def false_alarms(simulations: int, seeds: int, methods: int, rng: np.random.Generator) -> float:
    """Return the share of simulated studies of equal methods that ever decide.

    Every method shares random search's results, as in a study. Holm's first step is the largest
    evidence against 1 / (number of methods) of the level.
    """
    table = _table(seeds)
    baseline = rng.normal(size=(simulations, 1, seeds))
    wins = (rng.normal(size=(simulations, methods, seeds)) > baseline).cumsum(axis=2)
    largest = table[wins, np.arange(1, seeds + 1) - wins].max(axis=(1, 2))
    return float((largest >= methods / ALPHA).mean())


def seeds_needed(chance: float, simulations: int, seeds: int, rng: np.random.Generator) -> float:
    """Return the median number of seeds until one better method is decided; inf if most
    never are."""
    table = _table(seeds)
    wins = (rng.random((simulations, seeds)) < chance).cumsum(axis=1)
    reached = table[wins, np.arange(1, seeds + 1) - wins] >= 1 / ALPHA
    first = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.inf)
    return float(np.median(first))


def _table(seeds: int) -> np.ndarray:
    counts = range(seeds + 1)
    return np.array([[wealth(w, n) if w + n <= seeds else 0.0 for n in counts] for w in counts])


if __name__ == "__main__":
    main()
