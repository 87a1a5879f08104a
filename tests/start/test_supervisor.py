"""The supervisor: the dead start again, later each time; the end takes everything along."""

from __future__ import annotations

import sys
import time
from itertools import pairwise

from webapp.start.processes import spawn
from webapp.start.servers import ServerFailed
from webapp.start.supervisor import MAX_WAIT_SECONDS, STEADY_SECONDS, Supervisor


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Ended:
    """A process that ended at once with a code."""

    def __init__(self, code: int | None):
        self.code = code
        self.pid = 0

    def poll(self) -> int | None:
        return self.code


def supervisor_of(codes: list[int | None]):
    """A supervisor over processes that end with these codes, its clock, starts and words."""
    clock, said, starts = Clock(), [], []

    def start():
        starts.append(clock.now)
        return Ended(codes[min(len(starts), len(codes)) - 1])

    supervisor = Supervisor(said.append, clock)
    supervisor.add("worker", start)
    return supervisor, clock, starts, said


def run_until(supervisor, clock, seconds: float) -> None:
    while clock.now < seconds:
        supervisor.look()
        clock.now += 0.5


def test_waits_double_up_to_the_longest():
    supervisor, clock, starts, said = supervisor_of([1])
    run_until(supervisor, clock, 200)
    gaps = [b - a for a, b in pairwise(starts)]
    assert gaps[:5] == sorted(gaps[:5]) and gaps[0] < 3
    assert max(gaps) <= MAX_WAIT_SECONDS + 1
    assert said[0] == "worker ended (exit code 1); again in 1 s, see its log"


def test_a_signal_is_named_and_a_living_process_left_alone():
    supervisor, clock, starts, said = supervisor_of([-9, None])
    run_until(supervisor, clock, 50)
    assert len(starts) == 2
    assert said == ["worker ended (signal 9); again in 1 s, see its log"]


def test_one_that_lived_long_starts_again_soon():
    supervisor, clock, _, said = supervisor_of([1])
    run_until(supervisor, clock, 100)
    (kept,) = supervisor.kept
    kept.process, kept.started = Ended(1), clock.now - STEADY_SECONDS - 1
    supervisor.look()
    assert said[-1].endswith("again in 1 s, see its log")


def test_what_was_adopted_is_started_again_and_not_ended():
    clock, said = Clock(), []
    supervisor = Supervisor(said.append, clock)
    server = Ended(None)
    supervisor.adopt("Valkey", server, lambda: Ended(None))
    run_until(supervisor, clock, 5)
    assert said == []
    server.code = -9
    run_until(supervisor, clock, 10)
    assert said == ["Valkey ended (signal 9); again in 1 s, see its log"]
    assert supervisor.kept[0].process is not server
    supervisor.end()


def test_a_server_that_does_not_start_is_tried_again_later():
    clock, said, tries = Clock(), [], []

    def start():
        tries.append(clock.now)
        raise ServerFailed("PostgreSQL did not start: disk full")

    supervisor = Supervisor(said.append, clock)
    supervisor.adopt("PostgreSQL", Ended(1), start)
    run_until(supervisor, clock, 20)
    assert len(tries) >= 3
    assert "PostgreSQL did not start: disk full" in said


def test_the_end_takes_children_of_children_along(tmp_path):
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    log = tmp_path / "log"
    supervisor = Supervisor(print)
    supervisor.add("one", lambda: spawn([sys.executable, "-c", code], {}, log, tmp_path))
    deadline = time.monotonic() + 20
    while not log.read_text().strip() and time.monotonic() < deadline:
        time.sleep(0.05)
    grandchild = int(log.read_text())
    supervisor.end()
    assert not alive(grandchild)
    assert supervisor.kept == []


def alive(pid: int) -> bool:
    """Whether a process still runs; one that only waits to be reaped does not."""
    import psutil

    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return False
        except psutil.NoSuchProcess:
            return False
        time.sleep(0.05)
    return True
