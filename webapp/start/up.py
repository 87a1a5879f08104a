"""`manage.py up`: run the whole workbench on one machine until Ctrl-C.

It runs before Django is set up: it starts the embedded servers (unless DATABASE_URL and
BROKER_URL are set), and only its child processes read Django's settings.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from .cards import find_cards, plan_workers
from .checks import StartRefused, check_broker, check_database, check_folder, check_port, only_one
from .clean_environment import restart_in_clean_environment
from .logs import Logs
from .processes import spawn
from .running import announced
from .servers import EmbeddedPostgres, EmbeddedValkey, ServerFailed, environment_of
from .supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60.0  # after these, a line says that the web server does not answer yet
LOOK_SECONDS = 0.5
FATAL = 2


def main(arguments: list[str]) -> int:
    """Run until a signal stops it and return 0; return 2, with one line, if it cannot start."""
    restart_in_clean_environment()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
            continue  # started with nohup
        signal.signal(number, lambda *_: stop.set())
    try:
        _run(_parse(arguments), stop)
    except (StartRefused, ServerFailed) as error:
        print(f"paretoscope: {error}", file=sys.stderr)
        return FATAL
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py up", description="Start everything.")
    parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))
    parser.add_argument("--port", default=os.environ.get("PORT", "8000"), type=_whole)
    parser.add_argument("--slots", default=os.environ.get("PARETOSCOPE_SLOTS", "1"), type=_whole)
    parser.add_argument(
        "--per-card", default=os.environ.get("PARETOSCOPE_PER_CARD", "1"), type=_whole
    )
    parser.add_argument("--var", default=os.environ.get("PARETOSCOPE_VAR") or ROOT / "var")
    parser.add_argument("--no-first-run", action="store_true", help="leave a new database empty")
    return parser.parse_args(arguments)


def _whole(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _run(options: argparse.Namespace, stop: threading.Event) -> None:
    var = Path(options.var).resolve()
    address = address_of(options.host, options.port)
    check_folder(var)
    check_folder(var / "data")
    with only_one(var, address):
        check_port(options.host, options.port)
        logs = Logs(var)
        supervisor = Supervisor(_say)
        with _servers(var, supervisor) as environment, announced(var, environment):
            _greet(_first_steps(environment, options))
            try:
                _start_all(supervisor, environment, options, logs.folder)
                web = Web(address)
                while not stop.wait(LOOK_SECONDS):
                    supervisor.look()
                    logs.trim()
                    web.look()
            finally:
                _say("stopping ...")
                supervisor.end()
    _say("stopped; the next start continues from here")


@contextlib.contextmanager
def _servers(var: Path, supervisor: Supervisor) -> Iterator[dict[str, str]]:
    """Start the embedded servers unless others are configured; yield the children's environment."""
    database, broker = os.environ.get("DATABASE_URL"), os.environ.get("BROKER_URL")
    if database:
        check_database(database)
    if broker:
        check_broker(broker)
    _say("preparing the database ...")
    with contextlib.ExitStack() as stack:
        if not database:
            postgres = EmbeddedPostgres(var / "postgres")
            stack.callback(postgres.stop)
            database = postgres.start()
            supervisor.adopt("PostgreSQL", postgres, postgres.restart)
        if not broker:
            valkey = EmbeddedValkey(var / "valkey")
            stack.callback(valkey.stop)
            broker = valkey.start()
            supervisor.adopt("Valkey", valkey, valkey.restart)
        yield environment_of(
            DATABASE_URL=database,
            BROKER_URL=broker,
            PARETOSCOPE_VAR=var,
            PYTHONUNBUFFERED="1",
        )


def _first_steps(environment: dict[str, str], options: argparse.Namespace) -> dict[str, str]:
    """Migrate, create missing rows, and return the first administrator if one was created."""
    steps = ["first_steps"] + (["--no-first-run"] if options.no_first_run else [])
    for arguments in (["migrate", "--verbosity", "0"], steps):
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        if done.returncode:
            message = exception_line(done.stderr or done.stdout) or f"exit code {done.returncode}"
            raise StartRefused(f"the database could not be prepared ({arguments[0]}): {message}")
    return json.loads(done.stdout or "{}")


def _start_all(
    supervisor: Supervisor, environment: dict[str, str], options: argparse.Namespace, logs: Path
) -> None:
    workers = [sys.executable, "-m", "workers"]
    web = [sys.executable, "-m", "webapp.serve"]
    web += ["--host", options.host, "--port", str(options.port)]
    commands = {"web": web, "coordinator": [*workers, "coordinator"]}
    own: dict[str, dict[str, str]] = {}
    for plan in plan_workers(options.slots, find_cards(), options.per_card):
        command = [*workers, "evaluation", "--name", plan.name, "--queues", plan.queues]
        command += ["--concurrency", str(plan.concurrency)]
        commands[plan.name], own[plan.name] = command, plan.environment
    for name, command in commands.items():
        log = logs / f"{name}.log"
        variables = {**environment, **own.get(name, {})}
        supervisor.add(name, partial(spawn, command, variables, log, ROOT))


class Web:
    """The web server as its users reach it: prints its address once it answers, however late."""

    def __init__(self, address: str):
        self.address = address
        self.deadline: float | None = time.monotonic() + READY_SECONDS
        self.is_open = False

    def look(self) -> None:
        """Print a line when the server answers for the first time, or does not for long."""
        if self.is_open:
            return
        self.is_open = _answers(self.address)
        if self.is_open:
            _say(f"open {self.address}  (Ctrl-C stops everything)")
        elif self.deadline is not None and time.monotonic() > self.deadline:
            self.deadline = None
            _say("the web server does not answer yet; see var/log/web.log")


def _answers(address: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        direct.open(f"{address}/healthz", timeout=2)
    except urllib.error.HTTPError as error:
        return error.code < 500  # it answers, for instance that ALLOWED_HOSTS lacks this name
    except OSError:
        return False
    return True


def address_of(host: str, port: int) -> str:
    """Return the URL at which this machine reaches a server that listens on `host`."""
    local = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{local}]:{port}" if ":" in local else f"http://{local}:{port}"


def exception_line(output: str) -> str:
    """Return the first line of the exception that ended a Python process, else its last line."""
    lines = [line.rstrip() for line in output.strip().splitlines()]
    frames = [number for number, line in enumerate(lines) if line.startswith('  File "')]
    after = lines[frames[-1] + 1 :] if frames else lines[-1:]
    return next((line for line in after if line and not line.startswith(" ")), "")


def _greet(made: dict[str, str]) -> None:
    """Print the first password at once, before anything later can fail."""
    if "password" in made:
        _say(f"first administrator: {made['user']}, one-time password {made['password']}")
        _say("it is printed only once; change it under Account after signing in")


def _say(text: str) -> None:
    """Print a line; go on without printing once the terminal or pipe is closed."""
    try:
        print(f"paretoscope: {text}", flush=True)
    except OSError:  # a closed terminal or pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
