"""Coordinator, workers, web server and Valkey around the database of the running test."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import psutil
from django.db import connection

from tests.fixtures.workbench import QUICK, Workbench
from webapp.runs.models import ENDED_RUNS, Candidate, Run
from webapp.start.processes import end, kill_group
from webapp.start.servers import environment_of, free_port

from ..webapp.making import make_run

SMALL: dict[str, Any] = {
    "space": "nb201",
    "space_config": {"cells": 1, "channels": 4},
    "strategy": "regularised-evolution",
    "strategy_config": {"population": 3, "sample": 2},
    "estimator": "train",
    "dataset": "digits",
    "dataset_config": {"limit": 200},
}


class Fleet(Workbench):
    """A Workbench whose processes share the test's database, so that a test can look in."""

    def open(self) -> None:
        """Starts Valkey; processes are started one by one."""
        self.env = environment_of(
            DATABASE_URL=self.postgres.address(connection.settings_dict["NAME"]),
            BROKER_URL=self.valkey.start(),
            PARETOSCOPE_VAR=self.folder / "var",
            **QUICK,
        )

    def close(self) -> None:
        """Ends every process; the database belongs to the test."""
        for process in self.processes.values():
            if process.poll() is None:
                psutil.Process(process.pid).resume()
            end(process, patience_seconds=5)
            kill_group(process)
        self.valkey.stop()

    def start_web(self) -> str:
        """Starts the web server and waits until it takes connections; returns its address."""
        port = int(self.url.rsplit(":", 1)[1]) if self.url else free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = ("-m", "uvicorn", "webapp.asgi:application", "--port", str(port))
        self.start("web", *command, "--lifespan", "off", "--log-level", "warning")
        self.until(lambda: _listens(port))
        return self.url

    def launch(self, epochs: int, candidates: int = 4, **spec: Any) -> Run:
        """A run of real, tiny trainings; the coordinator finds it by itself."""
        settings = {"epochs": epochs, "batch_size": 32, "threads": 1}
        settings.update(spec.pop("estimator_config", {}))
        whole = {**SMALL, **spec, "candidates": candidates, "estimator_config": settings}
        return make_run(advance=False, **whole)

    def trainer_of(self, name: str) -> psutil.Process:
        """The training process of a worker."""
        (child,) = psutil.Process(self.processes[name].pid).children()
        return child

    def wait_ended(self, run: Run, seconds: float = 60) -> Run:
        """The run once it has ended."""
        self.until(lambda: self._state(run) in ENDED_RUNS, seconds)
        run.refresh_from_db()
        return run

    def wait_training(self, run: Run, number: int = 0, seconds: float = 40) -> Candidate:
        """The candidate once its first epoch is reported."""
        found = run.candidates.filter(number=number, state="running").exclude(curve=[])
        self.until(found.exists, seconds)
        return found.get()

    def until(self, true: Callable[[], bool], seconds: float = 30) -> None:
        """Waits for something to become true; shows what the processes said if it does not."""
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                logs = "\n".join(f"== {name}\n{self.log(name)}" for name in self.processes)
                raise AssertionError(f"not within {seconds} s\n{logs[-6000:]}")
            time.sleep(0.05)

    @staticmethod
    def _state(run: Run) -> str:
        return Run.objects.values_list("state", flat=True).get(pk=run.pk)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def results(run: Run) -> list[tuple]:
    """What a search found: number, architecture, state and error of every candidate."""
    rows = run.candidates.order_by("number").prefetch_related("measurements")
    return [
        (
            c.number,
            c.architecture_id,
            c.state,
            {m.objective: m.value for m in c.measurements.all()},
        )
        for c in rows
    ]


def each_once(run: Run, candidates: int) -> None:
    """Every candidate ended exactly once, with one value of each objective."""
    rows = list(run.candidates.order_by("number"))
    assert [c.number for c in rows] == list(range(candidates))
    assert {c.state for c in rows} == {"done"}
    assert sorted(c.ended_order for c in rows) == list(range(candidates))
    assert [c.measurements.count() for c in rows] == [2] * candidates
    assert (run.asked, run.told) == (candidates, candidates)
