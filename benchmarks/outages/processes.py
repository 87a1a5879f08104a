"""The servers, coordinator and workers of a benchmark, started by their command lines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import redis

from webapp.start.processes import end, kill_group, spawn
from webapp.start.servers import EmbeddedPostgres, EmbeddedValkey, environment_of

ROOT = Path(__file__).resolve().parents[2]
TRAINER = "workers.trainer"
# For kills: short leases, so that work of a killed worker is queued again soon; a candidate may
# lose any number of workers.
QUICK = {
    "LEASE_SECONDS": "6",
    "HEARTBEAT_SECONDS": "1",
    "SWEEP_SECONDS": "1",
    "IDLE_SECONDS": "1",
    "MAX_ATTEMPTS": "1000",
    "TRAINER_THREADS": "1",
}


class Processes:
    """Two servers, a coordinator and workers; each can be killed, and starts again by itself.

    Args:
        folder: for data and logs.
        environment: settings of all processes, besides their addresses.

    Attributes:
        ended: names of processes that ended although nothing killed them, with exit codes.
    """

    def __init__(self, folder: Path, environment: dict[str, str]):
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder / "postgres")
        self.valkey = EmbeddedValkey(folder / "valkey")
        self.extra = environment
        self.env: dict[str, str] = {}
        self.commands: dict[str, list[str]] = {}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.trainers: dict[int, float] = {}  # process id and time of creation
        self.ended: list[str] = []

    def open(self) -> None:
        """Start the servers, create the tables, and set the environment of this process too."""
        self.env = environment_of(
            DATABASE_URL=self.postgres.start(),
            BROKER_URL=self.valkey.start(),
            PARETOSCOPE_VAR=self.folder / "var",
            DJANGO_SETTINGS_MODULE="webapp.settings",
            OMP_NUM_THREADS="1",
            **self.extra,
        )
        os.environ.update(self.env)
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=ROOT, env=self.env, check=True)

    def start_coordinator(self) -> None:
        self.start("coordinator", [sys.executable, "-m", "workers", "coordinator"])

    def start_worker(self, number: int) -> None:
        command = [sys.executable, "-m", "workers", "evaluation", "--threads", "1"]
        self.start(worker_name(number), [*command, "--name", worker_name(number)])

    def start(self, name: str, command: list[str]) -> None:
        """Start a process under a name; its output is appended to NAME.log."""
        self.commands[name] = command
        self.running[name] = spawn(command, self.env, self.folder / f"{name}.log", ROOT)

    def stop(self, name: str) -> None:
        """Terminate a process; it is not started again."""
        del self.commands[name]
        end(self.running.pop(name))

    def look(self) -> None:
        """Start processes that ended by themselves again, and note them; note all trainers."""
        for name, process in list(self.running.items()):
            code = process.poll()
            if code is not None:
                self.ended.append(f"{name} with exit code {code}")
                self.start(name, self.commands[name])
            self.trainer_of(name)

    def kill(self, name: str) -> None:
        """Kill -9 of one process, not of its children; start it again at once."""
        self.running[name].send_signal(signal.SIGKILL)
        self.running[name].wait(10)
        self.start(name, self.commands[name])

    def kill_trainer(self, name: str) -> bool:
        """Kill -9 of the trainer process of a worker; return False if it has none now."""
        trainer = self.trainer_of(name)
        if trainer is None:
            return False
        with suppress(psutil.NoSuchProcess):
            trainer.kill()
            return True
        return False

    def trainer_of(self, name: str) -> psutil.Process | None:
        """Return the trainer process of a worker, None while it has none."""
        with suppress(psutil.Error):
            for child in psutil.Process(self.running[name].pid).children(recursive=True):
                if TRAINER in " ".join(child.cmdline()):
                    self.trainers[child.pid] = child.create_time()
                    return child
        return None

    def stop_broker(self, violent: bool, flush: bool) -> None:
        """Stop Valkey, by a kill if `violent`; delete all of its messages before if `flush`."""
        if flush:
            with redis.Redis.from_url(self.valkey.url) as broker:
                broker.flushall()
        process = self.valkey.process
        if violent and process is not None:
            process.kill()
            process.wait(10)
        self.valkey.stop()

    def stop_database(self, violent: bool) -> None:
        """Stop PostgreSQL: fast shutdown, or an immediate one that needs recovery if `violent`."""
        if violent:
            lines = (self.folder / "postgres" / "postmaster.pid").read_text().splitlines()
            server = psutil.Process(int(lines[0]))
            server.send_signal(signal.SIGQUIT)
            with suppress(psutil.TimeoutExpired):
                server.wait(15)
        self.postgres.stop()

    def orphans(self) -> list[int]:
        """Return the ids of trainer processes whose worker does not exist any more."""
        alive = []
        for pid, created in self.trainers.items():
            with suppress(psutil.Error):
                process = psutil.Process(pid)
                if process.create_time() == created and process.status() != psutil.STATUS_ZOMBIE:
                    alive.append(pid)
        return alive

    def close(self) -> None:
        """End every process and both servers."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            end(process, timeout_seconds=10)
            kill_group(process)
        self.valkey.stop()
        self.postgres.stop()


def worker_name(number: int) -> str:
    return f"worker-{number}"


@contextmanager
def processes(environment: dict[str, str]) -> Iterator[Processes]:
    """Start the servers in a folder that is removed afterwards; `start_...` starts the rest."""
    with ExitStack() as stack:
        prefix = "paretoscope-disasters-"
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix))
        started = Processes(Path(folder), environment)
        stack.callback(started.close)
        started.open()
        yield started
