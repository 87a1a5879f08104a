"""`manage.py up` as a user sees it: first start, one-line errors, crash and restart."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from webapp.start.servers import EmbeddedPostgres, environment_of, forget_stale_pid, free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120


class Up:
    """One workbench in its own folder, started and stopped by a test."""

    def __init__(self, folder: Path):
        self.var = folder / "var"
        self.port = free_port()
        self.output = folder / "output"
        self.process: subprocess.Popen[bytes] | None = None

    def environment(self, **more: str | None) -> dict[str, str]:
        plain = {"DATABASE_URL": None, "BROKER_URL": None, "SECRET_KEY": None}
        return environment_of(**{**plain, "PARETOSCOPE_VAR": self.var, "PORT": self.port, **more})

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "manage.py", "up", *arguments]

    def start(self) -> str:
        """Starts it, waits for its address and returns all it printed."""
        with open(self.output, "wb") as file:
            self.process = subprocess.Popen(
                self.command(), cwd=ROOT, env=self.environment(), stdout=file, stderr=file
            )
        deadline = time.monotonic() + START_SECONDS
        while f"open http://127.0.0.1:{self.port}" not in self.said():
            assert self.process.poll() is None and time.monotonic() < deadline, self.said()
            time.sleep(0.1)
        return self.said()

    def said(self) -> str:
        return self.output.read_text()

    def fails(self, *arguments: str, **environment: str | None) -> str:
        """What a start that must fail prints; it fails with exit code 2 and one line."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=START_SECONDS,
        )
        lines = (done.stdout + done.stderr).splitlines()
        assert (done.returncode, len(lines)) == (2, 1), lines
        return lines[0]

    def database(self) -> psycopg.Connection:
        folder = (self.var / "postgres" / "postmaster.pid").read_text().splitlines()[4]
        return psycopg.connect(f"postgresql://postgres@/paretoscope?host={folder}")

    def measured(self) -> int:
        """How many candidates of the first run are measured."""
        with self.database() as connection:
            row = connection.execute("SELECT count(*) FROM runs_candidate WHERE state = 'done'")
            return row.fetchone()[0]

    def wait_measured(self, more_than: int, seconds: float = 60) -> int:
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(psycopg.OperationalError, OSError):
                if (count := self.measured()) > more_than:
                    return count
            log = (self.var / "log/worker-1.log").read_text()
            assert time.monotonic() < deadline, self.said() + log
            time.sleep(0.2)

    def server(self, name: str) -> psutil.Process:
        """The server of that name; PostgreSQL has no parent here."""
        if name == "postgres":
            pid = int((self.var / "postgres" / "postmaster.pid").read_text().splitlines()[0])
            return psutil.Process(pid)
        (found,) = [p for p in children_of(self.process.pid) if name in " ".join(p.cmdline())]
        return found

    def wait_again(self, name: str, seconds: float = 60) -> None:
        """Waits until a server that was killed is there again and the database answers."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(psycopg.Error, OSError, psutil.Error, ValueError, IndexError):
                self.server(name)
                self.measured()
                return
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.2)

    def kill(self, name: str) -> None:
        """Kill -9 of the server of that name, as a crash would."""
        victim = self.server(name)
        victim.kill()
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.wait(10)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
            self.process.kill()
        EmbeddedPostgresLeft(self.var).end()


class EmbeddedPostgresLeft:
    """Return the PostgreSQL process that a killed workbench left behind."""

    def __init__(self, var: Path):
        self.file = var / "postgres" / "postmaster.pid"

    def end(self) -> None:
        if self.file.exists():
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(int(self.file.read_text().splitlines()[0]))
                process.send_signal(signal.SIGINT)
                process.wait(15)


@pytest.fixture
def up(tmp_path) -> Iterator[Up]:
    workbench = Up(tmp_path)
    yield workbench
    workbench.close()


def children_of(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def test_first_start_crash_and_restart(up):
    said = up.start()
    password = re.search(r"first administrator: admin, one-time password (\S+)", said)
    assert password and len(password[1]) >= 12
    with urllib.request.urlopen(f"http://127.0.0.1:{up.port}/sign-in/", timeout=10) as answer:
        assert answer.status == 200

    line = up.fails()
    assert "already running here" in line and str(up.port) in line

    up.wait_measured(0)
    for name in ("valkey-server", "postgres", "uvicorn"):
        up.kill(name)
        up.wait_again(name)
    measured = up.wait_measured(up.measured())
    children = children_of(up.process.pid)
    up.process.kill()
    up.process.wait(10)
    _, alive = psutil.wait_procs(children, 20)
    assert [p.name() for p in alive if p.name() != "postgres"] == []

    again = up.start()
    assert "one-time password" not in again
    up.wait_measured(measured)
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(40) == 0
    assert up.said().splitlines()[-1].endswith("the next run goes on where this one was")
    assert not (up.var / "postgres" / "postmaster.pid").exists()


def test_errors_are_one_line_and_start_nothing(up, tmp_path):
    assert "DATABASE_URL" in up.fails(DATABASE_URL="mysql://a/b")
    assert "no database at" in up.fails(DATABASE_URL="postgresql://x:y@127.0.0.1:1/z")
    assert "no broker at" in up.fails(BROKER_URL="redis://127.0.0.1:1/0")
    (tmp_path / "file").write_text("")
    assert "PARETOSCOPE_VAR" in up.fails(PARETOSCOPE_VAR=str(tmp_path / "file" / "var"))
    assert "does not exist" in up.fails(PORT="70000")
    assert not (up.var / "postgres").exists()


def test_a_pid_file_left_by_a_power_cut_does_not_prevent_a_start(tmp_path):
    server = EmbeddedPostgres(tmp_path / "postgres")
    server.start()
    server.stop()
    pid_file = tmp_path / "postgres" / "postmaster.pid"
    for text in ("", "1\n", f"{2**22 - 1}\n/data\n", "not a number\n"):
        pid_file.write_text(text)
        forget_stale_pid(tmp_path / "postgres")
        assert not pid_file.exists()
    pid_file.write_text("1\n")
    assert server.start().startswith("postgresql://")
    forget_stale_pid(tmp_path / "postgres")
    assert pid_file.exists()
    server.stop()
