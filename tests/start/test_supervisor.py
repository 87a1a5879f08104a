"""The supervisor restarts dead processes after growing waits and stops everything at the end."""

from __future__ import annotations

import sys
import time
from itertools import pairwise

from webapp.start.processes import spawn
from webapp.start.servers import ServerFailed
from webapp.start.supervisor import MAX_WAIT_SECONDS, STEADY_SECONDS, Supervisor


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Ended:
    """A process that has already ended with an exit code."""

    def __init__(self, code: int | None):
        self.code = code
        self.pid = 0

    def poll(self) -> int | None:
        return self.code


def supervisor_of(codes: list[int | None]):
    """Return a supervisor of processes with these exit codes, its clock, starts and messages."""
    clock, messages, starts = Clock(), [], []

    def start():
        starts.append(clock.now)
        return Ended(codes[min(len(starts), len(codes)) - 1])

    supervisor = Supervisor(messages.append, clock)
    supervisor.add("worker", start)
    return supervisor, clock, starts, messages


def run_until(supervisor, clock, seconds: float) -> None:
    while clock.now < seconds:
        supervisor.look()
        clock.now += 0.5


def test_waits_double_up_to_the_maximum():
    supervisor, clock, starts, messages = supervisor_of([1])
    run_until(supervisor, clock, 200)
    gaps = [b - a for a, b in pairwise(starts)]
    assert gaps[:5] == sorted(gaps[:5]) and gaps[0] < 3
    assert max(gaps) <= MAX_WAIT_SECONDS + 1
    assert messages[0] == "worker ended (exit code 1); restarting in 1 s, see its log"


def test_a_signal_is_reported_and_a_running_process_is_not_touched():
    supervisor, clock, starts, messages = supervisor_of([-9, None])
    run_until(supervisor, clock, 50)
    assert len(starts) == 2
    assert messages == ["worker ended (signal 9); restarting in 1 s, see its log"]


def test_a_process_that_ran_long_restarts_after_the_first_wait():
    supervisor, clock, _, messages = supervisor_of([1])
    run_until(supervisor, clock, 100)
    (kept,) = supervisor.kept
    kept.process, kept.started = Ended(1), clock.now - STEADY_SECONDS - 1
    supervisor.look()
    assert messages[-1].endswith("restarting in 1 s, see its log")


def test_an_adopted_server_is_restarted_and_not_stopped():
    clock, messages = Clock(), []
    supervisor = Supervisor(messages.append, clock)
    server = Ended(None)
    supervisor.adopt("Valkey", server, lambda: Ended(None))
    run_until(supervisor, clock, 5)
    assert messages == []
    server.code = -9
    run_until(supervisor, clock, 10)
    assert messages == ["Valkey ended (signal 9); restarting in 1 s, see its log"]
    assert supervisor.kept[0].process is not server
    supervisor.end()


def test_a_server_that_does_not_start_is_retried_later():
    clock, messages, tries = Clock(), [], []

    def start():
        tries.append(clock.now)
        raise ServerFailed("PostgreSQL did not start: disk full")

    supervisor = Supervisor(messages.append, clock)
    supervisor.adopt("PostgreSQL", Ended(1), start)
    run_until(supervisor, clock, 20)
    assert len(tries) >= 3
    assert "PostgreSQL did not start: disk full" in messages


def test_stopping_also_kills_grandchildren(tmp_path):
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    log = tmp_path / "log"
    supervisor = Supervisor(print)
    supervisor.add("one", lambda: spawn([sys.executable, "-c", code], {}, log, tmp_path))
    deadline = time.monotonic() + 120
    while not log.read_text().strip() and time.monotonic() < deadline:
        time.sleep(0.05)
    grandchild = int(log.read_text())
    supervisor.end()
    assert not alive(grandchild)
    assert supervisor.kept == []


def alive(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    import psutil

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return False
        except psutil.NoSuchProcess:
            return False
        time.sleep(0.05)
    return True
