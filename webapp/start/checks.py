"""Checks before anything starts; each problem is one line with its remedy."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

# pg_ctl passes paths to a shell between double quotes.
SHELL_CHARACTERS = '"$`\\\n'


class StartRefused(RuntimeError):
    """The workbench cannot start; the text is one line with the problem and its remedy."""


def check_folder(folder: Path) -> None:
    """Create the folder for data and logs and check that it is writable."""
    if wrong := sorted(set(str(folder)) & set(SHELL_CHARACTERS)):
        raise StartRefused(
            f"the path {folder} contains {' '.join(map(repr, wrong))}, which PostgreSQL's start "
            "program cannot quote: set PARETOSCOPE_VAR to a folder without such characters"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StartRefused(
            f"{folder} cannot be written ({error.strerror}): change its owner, "
            "or set PARETOSCOPE_VAR to a folder that you can write"
        ) from None


def check_port(host: str, port: int) -> None:
    """Check that the port exists, is free and may be used."""
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
    """Connect once to the database of DATABASE_URL."""
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
        message = lines[0] if lines else type(error).__name__
        raise StartRefused(f"no database at {without_password(url)}: {message}; {remedy}") from None


def check_broker(urls: str) -> None:
    """Send one PING to the Valkey or Redis of BROKER_URL; one of several addresses must answer."""
    addresses = [url.strip() for url in urls.split(";") if url.strip()]
    problems = [_broker_problem(url) for url in addresses]
    if all(problems):
        remedy = "correct BROKER_URL, or unset it to use the embedded server"
        raise StartRefused("; ".join([*problems, remedy]))


def _broker_problem(url: str) -> str:
    """Return why the broker at an address cannot be used; "" if it answers."""
    import redis

    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5)
        client.ping()
        client.close()
    except (redis.RedisError, ValueError, OSError) as error:
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        return f"no broker at {without_password(url)}: {message}"
    return ""


def without_password(url: str) -> str:
    """Return the address without its password, for messages."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return "the given address"
    return url.replace(f":{password}@", ":***@", 1) if password else url


@contextlib.contextmanager
def only_one(folder: Path, address: str) -> Iterator[None]:
    """Lock the folder for this process; the system releases the lock however the process ends.

    Raises:
        StartRefused: another workbench uses it; the message gives its address.
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
