"""How many candidates per minute do two workers evaluate, compared with one?

    python benchmarks/two_workers.py [--candidates 16] [--repeats 3] [--epochs 2]

Starts PostgreSQL, Valkey, a coordinator and workers of one thread each, and runs the same search
(default cells on `digits`, trained from scratch) alternately with one worker and with two, so
that changes of the machine's load affect both. Needs two idle cores. Prints figures and writes
nothing; exit status 1 if the results differ.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.outages.processes import Processes, processes, worker_name
from nasengine.objectives.latency.processor import cpu_name

RUN_SECONDS = 900.0
LOOK_SECONDS = 1.0  # the times are those of the database
SPEC: dict[str, Any] = {
    "space": "cell",
    "strategy": "random",
    "estimator": "train",
    "dataset": "digits",
    "in_flight": 4,
}


def main() -> int:
    """Print candidates per minute of each round, then the ratio of the medians."""
    options = _options()
    print(f"{cpu_name()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with processes({}) as bench:
        import django

        django.setup()
        from webapp.accounts.models import Team

        team = Team.objects.create(name="Benchmark", slug="benchmark")
        bench.start_coordinator()
        bench.start_worker(0)
        rates: dict[int, list[float]] = {1: [], 2: []}
        errors = []
        for repeat in range(options.repeats):
            for workers in (1, 2):
                if workers == 2:
                    bench.start_worker(1)
                _run(bench, team, 4, 1)  # both workers load what a training needs
                seconds, values = _run(bench, team, options.candidates, options.epochs)
                rates[workers].append(60 * options.candidates / seconds)
                errors.append(values)
                rate = rates[workers][-1]
                print(f"round {repeat + 1}, {workers} workers: {rate:.1f} candidates per minute")
            bench.stop(worker_name(1))
    single, double = (statistics.median(rates[workers]) for workers in (1, 2))
    print(
        f"medians {single:.1f} and {double:.1f} candidates per minute, ratio {double / single:.2f}"
    )
    same = all(values == errors[0] for values in errors)
    print(f"results of all {len(errors)} runs {'are equal' if same else 'DIFFER'}")
    return 0 if same else 1


def _run(bench: Processes, team: Any, candidates: int, epochs: int) -> tuple[float, list[float]]:
    """Run the search.

    Returns:
        Seconds from the start of its first candidate to its end, and all errors.
    """
    from nasengine.core.search_spec import SearchSpec
    from webapp.runs.models import ENDED_RUNS, Run
    from webapp.runs.services.launch import launch

    config = {"epochs": epochs, "threads": 1, "device": "cpu"}
    spec = SearchSpec(**SPEC, candidates=candidates, estimator_config=config)
    run = launch(team, None, spec, f"{candidates} candidates")
    deadline = time.monotonic() + RUN_SECONDS
    while run.state not in ENDED_RUNS:
        if time.monotonic() > deadline:
            raise SystemExit(f"not finished within {RUN_SECONDS:g} s")
        bench.look()
        time.sleep(LOOK_SECONDS)
        run = Run.objects.get(pk=run.pk)
    rows = list(run.candidates.order_by("number").prefetch_related("measurements"))
    started = min(row.started_at for row in rows if row.started_at)
    assert run.ended_at is not None, "an ended run has a time of its end"
    errors = [row.measurements.get(objective="error").value for row in rows]
    return (run.ended_at - started).total_seconds(), errors


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--candidates", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
