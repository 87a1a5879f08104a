"""Is every candidate evaluated exactly once, whatever is killed or stopped meanwhile?

    python benchmarks/disasters.py [--kills 100] [--broker-stops 20] [--database-stops 10]
                                   [--candidates 600] [--workers 2] [--seed 0] [--keep FOLDER]

Starts PostgreSQL, Valkey, a coordinator and workers of its own, launches three runs of quick
trainings, and kills and stops what a seeded plan names: workers, coordinators and trainer
processes by kill -9; the broker by a stop or a kill, sometimes after FLUSHALL; the database by a
fast or an immediate shutdown. Afterwards it checks every candidate, event and strategy state,
and repeats a sample of the trainings without workers. Prints figures; with --keep it copies the
logs of the processes into a folder. Exit status 1 if anything was lost, doubled or out of order.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.outages.plan import Disaster, make_plan
from benchmarks.outages.processes import QUICK, Processes, processes, worker_name
from nasengine.objectives.latency.processor import cpu_name

if TYPE_CHECKING:
    from benchmarks.outages.checks import Findings

STALL_SECONDS = 180.0  # without a candidate that ends, the benchmark fails
LOOK_SECONDS = 0.2
SAY_EVERY = 10  # disasters
ORPHAN_SECONDS = 10.0
SMALL: dict[str, Any] = {
    "space": "nb201",
    "space_config": {"cells": 1, "channels": 2},
    "estimator": "train",
    "estimator_config": {"epochs": 2, "batch_size": 32, "threads": 1},
    "dataset": "digits",
    "dataset_config": {"limit": 300},
}
METHODS: tuple[dict[str, Any], ...] = (
    {"strategy": "regularised-evolution", "in_flight": 4},
    {"strategy": "nsga2", "in_flight": 2},
    {"strategy": "random", "in_flight": 3, "deterministic": False},
)


def main() -> int:
    options = _options()
    plan = make_plan(
        options.seed,
        options.kills,
        options.broker_stops,
        options.database_stops,
        options.workers,
    )
    print(f"{cpu_name()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with processes(QUICK) as bench:
        import django

        django.setup()
        runs = launch_runs(options.candidates, options.seed)
        bench.start_coordinator()
        for number in range(options.workers):
            bench.start_worker(number)
        began = time.monotonic()
        try:
            stage = Stage(bench, plan, options.candidates)
            stage.play()
            seconds = time.monotonic() - began
            return report(bench, stage, runs, seconds, options)
        finally:
            if options.keep:
                _copy_logs(bench.folder, Path(options.keep))


class Stage:
    """Carries out the plan while the runs go on, until all candidates have ended."""

    def __init__(self, bench: Processes, plan: list[Disaster], candidates: int):
        self.bench = bench
        self.due = list(plan)
        self.candidates = candidates
        self.happened: Counter[str] = Counter()
        self.slowest = 0.0  # seconds without a candidate that ended

    def play(self) -> None:
        """Return when every run has ended and nothing of the plan is left.

        Raises:
            SystemExit: no candidate ended for `STALL_SECONDS`.
        """
        ended, changed = 0, time.monotonic()
        while True:
            now_ended, open_runs = _progress()
            if now_ended != ended:
                ended, changed = now_ended, time.monotonic()
            self.slowest = max(self.slowest, time.monotonic() - changed)
            if open_runs == 0:
                return
            if time.monotonic() - changed > STALL_SECONDS:
                raise SystemExit(f"no candidate ended for {STALL_SECONDS:g} s: {self.happened}")
            self.bench.look()
            if self.due and ended >= self.due[0].after * self.candidates:
                disaster = self.due.pop(0)
                time.sleep(disaster.delay_seconds)
                self._carry_out(disaster)
            else:
                time.sleep(LOOK_SECONDS)

    def _carry_out(self, disaster: Disaster) -> None:
        bench, name = self.bench, worker_name(disaster.worker)
        if disaster.kind == "worker":
            bench.kill(name)
        elif disaster.kind == "coordinator":
            bench.kill("coordinator")
        elif disaster.kind == "trainer":
            self._until(lambda: bench.kill_trainer(name))
        elif disaster.kind == "broker":
            bench.stop_broker(disaster.violent, disaster.flush)
            self._pause(disaster.down_seconds)
            bench.valkey.start()
            self.happened["broker stops with FLUSHALL"] += disaster.flush
        else:
            bench.stop_database(disaster.violent)
            self._pause(disaster.down_seconds)
            bench.postgres.start()
        self.happened[disaster.kind] += 1
        if len(self.due) % SAY_EVERY == 0:
            print(f"... {dict(self.happened)}, still to come: {len(self.due)}", flush=True)

    def _pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.bench.look()
            time.sleep(min(LOOK_SECONDS, seconds))

    def _until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + STALL_SECONDS
        while not done():
            if time.monotonic() > deadline:
                raise SystemExit(f"no trainer process within {STALL_SECONDS:g} s")
            self.bench.look()
            time.sleep(LOOK_SECONDS)


def launch_runs(candidates: int, seed: int) -> list[int]:
    """Launch a run of each method; return their keys."""
    from nasengine.core.search_spec import SearchSpec
    from webapp.accounts.models import Team
    from webapp.runs.services.launch import launch

    team = Team.objects.create(name="Benchmark", slug="benchmark")
    runs = []
    for number, method in enumerate(METHODS):
        share = candidates // len(METHODS) + (number < candidates % len(METHODS))
        spec = SearchSpec(**SMALL, **method, candidates=share, seed=seed + number)
        runs.append(launch(team, None, spec, method["strategy"]).pk)
    return runs


def report(
    bench: Processes, stage: Stage, runs: list[int], seconds: float, options: argparse.Namespace
) -> int:
    """Print what was seen; return the exit status."""
    from benchmarks.outages.checks import check_run
    from benchmarks.outages.repeat import differing
    from webapp.runs.models import Run

    findings = [check_run(run) for run in Run.objects.filter(pk__in=runs).order_by("pk")]
    for finding in findings:
        _print_run(finding)
    wrong = [text for finding in findings for text in finding.wrong]
    wrong += _wrong_counts(stage)
    repeated, differences = differing(runs, options.repeat, options.seed)
    wrong += differences
    for name in list(bench.running):
        bench.stop(name)
    deadline = time.monotonic() + ORPHAN_SECONDS
    while bench.orphans() and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    wrong += [f"trainer process {pid} outlived its worker" for pid in bench.orphans()]
    print(f"happened: {dict(stage.happened)}, seed {options.seed}")
    print(f"ended by themselves: {dict(Counter(bench.ended)) or 'none'}")
    print(f"trainings repeated without workers: {repeated}, different: {len(differences)}")
    print(f"{seconds:.0f} s, longest time without an ended candidate {stage.slowest:.0f} s")
    print("\n".join(f"WRONG: {text}" for text in wrong) or "every candidate exactly once")
    return 1 if wrong else 0


def _wrong_counts(stage: Stage) -> list[str]:
    return [f"{len(stage.due)} disasters did not happen"] if stage.due else []


def _print_run(finding: Findings) -> None:
    run = finding.run
    print(
        f"run {run.pk} {run.strategy}: {run.state}, {finding.states}, "
        f"{finding.attempts} claims, {finding.events} events"
    )


def _progress() -> tuple[int, int]:
    """Return how many candidates have ended and how many runs have not; waits for the database."""
    from django.db import Error, connection

    from webapp.runs.models import ENDED_RUNS, Candidate, Run

    while True:
        with suppress(Error):
            ended = Candidate.objects.filter(ended_order__isnull=False).count()
            return ended, Run.objects.exclude(state__in=ENDED_RUNS).count()
        connection.close()
        time.sleep(LOOK_SECONDS)


def _copy_logs(folder: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for log in folder.glob("*.log"):
        shutil.copy(log, target)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--broker-stops", type=int, default=20)
    parser.add_argument("--database-stops", type=int, default=10)
    parser.add_argument("--candidates", type=int, default=600)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeat", type=int, default=20, help="trainings to repeat at the end")
    parser.add_argument("--keep", default="", help="folder for the logs of the processes")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
