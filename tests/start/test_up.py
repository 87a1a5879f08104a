"""`manage.py up` as a user sees it: first start, one-line errors, crash and restart."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from webapp.start import up as starting
from webapp.start.postgres import INCLUDE, write_settings
from webapp.start.running import announced, servers_of
from webapp.start.servers import (
    SERVER_PORTS,
    EmbeddedPostgres,
    EmbeddedValkey,
    environment_of,
    forget_stale_pid,
    free_port,
)
from webapp.start.up import address_of, exception_line

# Lost work is found again sooner than by default, so that a test need not wait for it.
SOON = {"LEASE_SECONDS": "6", "SWEEP_SECONDS": "1", "IDLE_SECONDS": "1", "HEARTBEAT_SECONDS": "1"}
ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 300
WAIT_SECONDS = 180


def command_of(process: psutil.Process) -> str:
    """Return the command line; "" of a process that has just ended."""
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


class Up:
    """One workbench in its own folder, started and stopped by a test."""

    def __init__(self, folder: Path):
        self.var = folder / "var"
        self.port = free_port()
        self.output = folder / "output"
        self.process: subprocess.Popen[bytes] | None = None

    def environment(self, **more: str | None) -> dict[str, str]:
        plain = {"DATABASE_URL": None, "BROKER_URL": None, "SECRET_KEY": None, **SOON}
        return environment_of(**{**plain, "PARETOSCOPE_VAR": self.var, "PORT": self.port, **more})

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "manage.py", "up", *arguments]

    def start(self, *arguments: str, **environment: str) -> str:
        """Start it, wait for its address and return everything it printed."""
        with open(self.output, "wb") as file:
            self.process = subprocess.Popen(
                self.command(*arguments),
                cwd=ROOT,
                env=self.environment(**environment),
                stdout=file,
                stderr=file,
            )
        deadline = time.monotonic() + START_SECONDS
        while f"open http://127.0.0.1:{self.port}" not in self.said():
            assert self.process.poll() is None and time.monotonic() < deadline, self.said()
            time.sleep(0.1)
        return self.said()

    def said(self) -> str:
        return self.output.read_text()

    def fails(self, *arguments: str, **environment: str | None) -> str:
        """Return the line printed by a start that must fail with exit code 2."""
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

    def wait_measured(self, more_than: int) -> int:
        deadline = time.monotonic() + WAIT_SECONDS
        log = self.var / "log/worker-1.log"
        while True:
            with contextlib.suppress(psycopg.OperationalError, OSError):
                if (count := self.measured()) > more_than:
                    return count
            assert time.monotonic() < deadline, self.said() + log.read_text()
            time.sleep(0.2)

    def server(self, name: str) -> psutil.Process:
        """The server of that name; PostgreSQL has no parent here."""
        if name == "postgres":
            pid = int((self.var / "postgres" / "postmaster.pid").read_text().splitlines()[0])
            return psutil.Process(pid)
        (found,) = [p for p in children_of(self.process.pid) if name in command_of(p)]
        return found

    def wait_again(self, name: str) -> None:
        """Waits until a server that was killed is there again and the database answers."""
        deadline = time.monotonic() + WAIT_SECONDS
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
            victim.wait(WAIT_SECONDS)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(WAIT_SECONDS)
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
                process.wait(WAIT_SECONDS)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can enter: every new pytest closes those of pytest."""
    with tempfile.TemporaryDirectory(prefix="paretoscope-up-", ignore_cleanup_errors=True) as name:
        yield Path(name)


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
    with urllib.request.urlopen(f"http://127.0.0.1:{up.port}/sign-in/", timeout=60) as answer:
        assert answer.status == 200

    line = up.fails()
    assert "already running here" in line and str(up.port) in line

    up.wait_measured(0)
    for name in ("valkey-server", "postgres", "webapp.serve"):
        up.kill(name)
        up.wait_again(name)
    measured = up.wait_measured(up.measured())
    children = [p for p in children_of(up.process.pid) if "postgres" not in command_of(p)]
    up.process.kill()
    up.process.wait(WAIT_SECONDS)
    _, alive = psutil.wait_procs(children, WAIT_SECONDS)
    assert alive == []

    again = up.start()
    assert "one-time password" not in again
    up.wait_measured(measured)
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(WAIT_SECONDS) == 0
    assert up.said().splitlines()[-1].endswith("the next start continues from here")
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


HOSTILE = {
    "LC_ALL": "xx_XX.UTF-8",
    "LANG": "xx_XX.UTF-8",
    "PGSERVICE": "nowhere",
    "PGOPTIONS": "-c search_path=nowhere",
    "PGHOST": "203.0.113.1",
    "http_proxy": "http://127.0.0.1:1",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTHONDEVMODE": "1",
    "PYTHONIOENCODING": "ascii",
    "DJANGO_SETTINGS_MODULE": "other.settings",
    "TZ": "Nowhere/City",
    "TMPDIR": "/nonexistent",
    "HOME": "/nonexistent",
    "ALL_PROXY": "socks5://127.0.0.1:1",
    "ALLOWED_HOSTS": "nas.example.org, other.example.org",
    "HOST": "0.0.0.0",
}


SMALL = ("--space", "nb201", "--strategy", "random", "--dataset", "digits", "--candidates", "1")
# With the password of its broker.
REACH = "from webapp.common import messages as m; m.the_sender().connection().ensure_connection()"
QUICK = ("--set", "epochs=1", "--set", "channels=4", "--set", "cells=1", "--set", "limit=200")


def manage(up: Up, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py in the shell of a user, with nothing set but the folder."""
    names = ("PGSERVICE", "PGOPTIONS", "PGHOST", "DJANGO_SETTINGS_MODULE")
    hostile = {name: HOSTILE[name] for name in names}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**up.environment(), **hostile},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_a_hostile_environment_and_a_path_with_spaces_change_nothing(tmp_path):
    """Commands of another shell reach its servers, too."""
    folder = tmp_path / "it's a löng path" / ("x" * 90)
    folder.mkdir(parents=True)
    up = Up(folder)
    servers = up.var / "servers.json"
    done = manage(up, "launch", *SMALL)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "no database" in done.stderr and "make run" in done.stderr
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests may have been started by nohup
    try:
        up.start("--no-first-run", **HOSTILE)
        assert servers.stat().st_mode & 0o777 == 0o600
        done = manage(up, "launch", *SMALL, *QUICK, "--wait", "--json")
        assert done.returncode == 0, done.stderr
        run = json.loads(done.stdout)
        assert (run["state"], run["told"]) == ("finished", 1)
        assert manage(up, "shell", "-c", REACH).returncode == 0
        up.process.send_signal(signal.SIGHUP)  # the terminal closes
        assert up.process.wait(WAIT_SECONDS) == 0
        assert not servers.exists()
        assert not (up.var / "postgres" / "postmaster.pid").exists()
    finally:
        signal.signal(signal.SIGHUP, before)
        up.close()


def test_a_file_of_a_killed_workbench_is_ignored(tmp_path, monkeypatch):
    for name in ("DATABASE_URL", "BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    urls = {"DATABASE_URL": "postgresql://a/b", "BROKER_URL": "redis://c/0"}
    assert servers_of(tmp_path) == {}
    with announced(tmp_path, urls):
        assert servers_of(tmp_path) == urls
        monkeypatch.setenv("DATABASE_URL", "postgresql://own/one")
        assert servers_of(tmp_path) == {"DATABASE_URL": "postgresql://own/one"}
        monkeypatch.delenv("DATABASE_URL")
        left = json.loads((tmp_path / "servers.json").read_text())
    for text in (json.dumps({**left, "pid": str(2**22 - 1)}), "", "[]", "{", '{"pid": "x"}'):
        (tmp_path / "servers.json").write_text(text)
        assert servers_of(tmp_path) == {}


def test_a_closed_pipe_and_a_quit_signal_leave_nothing_behind(up):
    """As with `make run | head -3`, and with Ctrl-\\."""
    up.process = subprocess.Popen(
        up.command("--no-first-run"),
        cwd=ROOT,
        env=up.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert b"preparing the database" in up.process.stdout.readline()
    up.process.stdout.close()
    deadline = time.monotonic() + START_SECONDS
    while not _answers(up.port):
        assert up.process.poll() is None and time.monotonic() < deadline
        time.sleep(0.2)
    children = children_of(up.process.pid)
    up.process.send_signal(signal.SIGQUIT)
    assert up.process.wait(WAIT_SECONDS) == 0
    assert not (up.var / "postgres" / "postmaster.pid").exists()
    _, alive = psutil.wait_procs(children, WAIT_SECONDS)
    assert alive == []


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20).status == 200
    return False


def test_only_the_user_of_the_workbench_reads_the_brokers_password(tmp_path):
    (tmp_path / "valkey.conf").write_text("left behind, and readable for everyone")
    server = EmbeddedValkey(tmp_path)
    url = server.start()
    try:
        assert (tmp_path / "valkey.conf").stat().st_mode & 0o777 == 0o600
        process = psutil.Process(server.process.pid)
        assert not any(server.password in word for word in process.cmdline())
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=server.port).ping()
        assert redis.Redis.from_url(url).ping()
        listening = {connection.laddr.ip for connection in process.net_connections()}
        assert "127.0.0.1" in listening and listening <= {"127.0.0.1"}
    finally:
        server.stop()


def test_a_path_that_a_shell_would_expand_is_refused_with_the_remedy(up, tmp_path):
    line = up.fails(PARETOSCOPE_VAR=str(tmp_path / "a $HOME"))
    assert "PARETOSCOPE_VAR" in line and "$" in line


def test_an_ipv6_address_is_written_with_brackets():
    assert address_of("::1", 8000) == "http://[::1]:8000"
    assert address_of("::", 8000) == "http://[::1]:8000"
    assert address_of("0.0.0.0", 8000) == "http://127.0.0.1:8000"
    assert address_of("nas.example.org", 80) == "http://nas.example.org:80"


def test_the_address_is_printed_however_late_the_web_server_answers(monkeypatch, capsys):
    answers = iter([False, False, False, True])
    monkeypatch.setattr(starting, "_answers", lambda address: next(answers))
    monkeypatch.setattr(starting, "READY_SECONDS", -1.0)
    web = starting.Web("http://a")
    for _ in range(5):
        web.look()
    assert capsys.readouterr().out.splitlines() == [
        "paretoscope: the web server does not answer yet; see var/log/web.log",
        "paretoscope: open http://a  (Ctrl-C stops everything)",
    ]


def test_ports_of_servers_are_none_that_an_outgoing_connection_gets():
    assert {free_port() in SERVER_PORTS for _ in range(20)} == {True}


def test_the_message_of_a_failed_step_is_the_first_line_of_its_exception():
    output = (
        "Traceback (most recent call last):\n"
        '  File "a.py", line 1, in f\n    call()\n    ^^^^^^\n'
        "psycopg.OperationalError: connection failed\n\tIs the server running?\n"
        "Multiple connection attempts failed.\n"
    )
    assert exception_line(output) == "psycopg.OperationalError: connection failed"
    assert exception_line("CommandError: no team\n") == "CommandError: no team"
    assert exception_line("") == ""


CONNECT = """
import os, sys
import psycopg
url, user = sys.argv[1:]
if user != "-":
    os.setgid(int(user))
    os.setuid(int(user))
try:
    psycopg.connect(url).close()
    print("connected")
except psycopg.OperationalError as error:
    print(str(error).splitlines()[0])
"""


@pytest.mark.parametrize("name", ["short", "long path"])
def test_only_the_user_of_the_workbench_may_connect(tmp_path, name):
    """Also if the path is so long that the socket is in a folder that everyone can enter."""
    folder = tmp_path / (name if name == "short" else "x" * 100)
    server = EmbeddedPostgres(folder / "postgres")
    url = server.start()
    try:
        rules = (folder / "postgres" / "pg_hba.conf").read_text().splitlines()
        assert [rule.split()[3] for rule in rules if rule and rule[0] != "#"] == ["peer"]
        assert server.execute("SHOW io_method") == [("sync",)]
        write_settings(folder / "postgres")  # again, as at every start
        assert (folder / "postgres" / "postgresql.conf").read_text().count(INCLUDE) == 1

        def connect(user: str) -> str:
            command = [sys.executable, "-c", CONNECT, url, user]
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout

        assert connect("-") == "connected\n"
        if os.geteuid() == 0:  # only root can become another user
            assert "failed" in connect("65534")
    finally:
        server.stop()
