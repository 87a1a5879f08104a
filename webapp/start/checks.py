"""What must be right before anything starts; each fault is one line that says what to do."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit


class StartRefused(RuntimeError):
    """The workbench cannot start; the text is one line naming the fault and the remedy."""


def check_folder(folder: Path) -> None:
    """Makes the folder for data and logs and tries to write there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StartRefused(
            f"{folder} cannot be written ({error.strerror}): make it yours, "
            "or set PARETOSCOPE_VAR to a folder that is"
        ) from None


def check_port(host: str, port: int) -> None:
    """Refuses a port that is taken or not allowed."""
    if not 1 <= port <= 65535:
        raise StartRefused(f"port {port} does not exist: set PORT to a number from 1 to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise StartRefused(
            f"port {port} on {host} cannot be used ({error.strerror}): "
            f"choose another, as in PORT={port + 1 if port < 65535 else 8000} make run"
        ) from None


def check_database(url: str) -> None:
    """Connects once to the database that DATABASE_URL names."""
    import psycopg
    from django.core.exceptions import ImproperlyConfigured

    from webapp.environment import database_from_url

    remedy = "correct DATABASE_URL, or unset it to use the embedded server"
    try:
        database_from_url(url)
        psycopg.connect(url, connect_timeout=5).close()
    except ImproperlyConfigured as error:
        raise StartRefused(str(error)) from None
    except (psycopg.Error, ValueError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        said = lines[0] if lines else type(error).__name__
        raise StartRefused(f"no database at {without_password(url)}: {said}; {remedy}") from None


def check_broker(url: str) -> None:
    """Sends one PING to the Valkey or Redis that BROKER_URL names."""
    import redis

    remedy = "correct BROKER_URL, or unset it to use the embedded server"
    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5)
        client.ping()
        client.close()
    except (redis.RedisError, ValueError, OSError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StartRefused(f"no broker at {without_password(url)}: {said}; {remedy}") from None


def without_password(url: str) -> str:
    """The address as it may be printed."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return "the given address"
    return url.replace(f":{password}@", ":***@", 1) if password else url


@contextlib.contextmanager
def only_one(folder: Path, address: str) -> Iterator[None]:
    """Holds the folder for this process; the system lets go of it however it ends.

    Raises:
        StartRefused: another workbench holds it; says where that one is.
    """
    with open(folder / "up.lock", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            where = file.read().strip() or "unknown address"
            raise StartRefused(
                f"already running here ({where}): use that one, stop it with Ctrl-C, "
                "or set PARETOSCOPE_VAR and PORT for a second one"
            ) from None
        file.truncate(0)
        file.write(f"{address}, process {os.getpid()}")
        file.flush()
        yield
        file.truncate(0)
