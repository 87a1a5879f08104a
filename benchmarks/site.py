"""A web server of its own for a benchmark: database, broker, one web process, a signed-in user."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from webapp.start.processes import end, spawn
from webapp.start.servers import EmbeddedPostgres, EmbeddedValkey, environment_of, free_port

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60.0


@dataclass(frozen=True)
class Site:
    """A running web server.

    Attributes:
        url: its address.
        pid: of the web process.
        environment: the variables of its processes.
        team: the team of the signed-in user.
        user: a researcher of the team.
        cookie: value of the Cookie header with the user's session.
    """

    url: str
    pid: int
    environment: dict[str, str]
    team: Any
    user: Any
    cookie: str

    def resident_mb(self) -> float:
        """Return the resident memory of the web process in MB."""
        fields = Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def servers() -> Iterator[tuple[Path, dict[str, str]]]:
    """Start database and broker in a folder that is removed afterwards; create the tables.

    Yields:
        The folder, and the environment of processes that use the servers; this process uses
        them too.
    """
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="paretoscope-benchmark-"))
        folder = Path(name)
        postgres, valkey = EmbeddedPostgres(folder / "postgres"), EmbeddedValkey(folder / "valkey")
        stack.callback(postgres.stop)
        stack.callback(valkey.stop)
        environment = environment_of(
            DATABASE_URL=postgres.start(),
            BROKER_URL=valkey.start(),
            PARETOSCOPE_VAR=folder / "var",
            PARETOSCOPE_TABLES=folder / "tables",
            DJANGO_SETTINGS_MODULE="webapp.settings",
        )
        os.environ.update(environment)
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
        yield folder, environment


@contextmanager
def site() -> Iterator[Site]:
    """Start a site; this process uses its database too."""
    with ExitStack() as stack:
        folder, environment = stack.enter_context(servers())
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", "webapp.asgi:application", "--lifespan", "off"]
        command += ["--port", str(port), "--log-level", "warning"]
        web = spawn(command, environment, folder / "web.log", ROOT)
        stack.callback(partial(end, web, 5))
        url = f"http://127.0.0.1:{port}"
        team, user, cookie = _people()
        _wait(url, folder / "web.log")
        yield Site(url, web.pid, environment, team, user, cookie)


def _people() -> tuple[Any, Any, str]:
    """Create a team with a researcher who is signed in; return the session cookie, too."""
    import django

    django.setup()
    from django.test import Client

    from webapp.accounts.models import Membership, Role, Team, User

    team = Team.objects.create(name="Benchmark", slug="benchmark")
    user = User.objects.create_user("reader", password="a long password of a benchmark")
    Membership.objects.create(team=team, user=user, role=Role.RESEARCHER)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    cookies = [f"{name}={morsel.value}" for name, morsel in client.cookies.items()]
    return team, user, "; ".join(cookies)


def _wait(url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError):
            urllib.request.urlopen(f"{url}/healthz", timeout=2)
            return
        time.sleep(0.1)
    raise SystemExit(f"the web server did not start:\n{log.read_text(errors='replace')}")
