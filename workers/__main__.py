"""Start a worker process.

    python -m workers coordinator [--name NAME]
    python -m workers evaluation [--queues cpu,gpu] [--name NAME] [--threads N] [--concurrency N]
    python -m workers imports

The first two start the Celery worker of `celery -A workers worker`, with the queues of their role,
a name for pages, and without its banner; `imports` imports the uploaded files that wait and
ends. All read DATABASE_URL and BROKER_URL, stop on SIGTERM or Ctrl-C, and wait while the database
or the broker is unreachable. TRAINER_THREADS is the default of --threads.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys
import uuid

from nasengine.core.parent_death import is_orphan
from webapp.start.processes import die_with_parent

from . import options as checked

COORDINATOR_THREADS = 2  # one may be busy with an import


def main(arguments: list[str] | None = None) -> int:
    """Run one process until it receives SIGTERM or SIGINT; return its exit status."""
    options = _parser().parse_args(arguments)
    if options.role == "imports":
        return _import_files(options.claims, options.parent)
    from celery import signals

    from .celery import app

    host = socket.gethostname()
    # Without a name of its own, a worker gets one that no other on this host name has.
    name = options.name or f"{_default_name(options.role)}@{host}"
    node = options.name or f"{_default_name(options.role)}.{uuid.uuid4().hex[:6]}"
    app.conf.update(slot_name=name, trainer_threads=options.threads)
    worker = app.Worker(
        hostname=node if "@" in node else f"{node}@{host}",
        queues=options.queues,
        concurrency=options.concurrency,
        loglevel="WARNING",
        quiet=True,
    )
    asked: list[str] = []
    signals.worker_shutting_down.connect(lambda sig, **_: asked.append(sig), weak=False)
    worker.start()
    return 0 if asked else worker.exitcode or 0


def _import_files(claims: int, parent: int | None) -> int:
    if parent is not None:
        die_with_parent()
        if is_orphan(parent):
            return 0
    from .celery import set_up_django
    from .logs import set_up

    set_up()
    set_up_django()
    from .imports import import_waiting_files

    import_waiting_files(claims)
    return 0


def _default_name(role: str) -> str:
    return "worker" if role == "evaluation" else role


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m workers", description="Start a worker process."
    )
    roles = parser.add_subparsers(dest="role", required=True)
    coordinator = roles.add_parser(
        "coordinator", help="advance runs: ask strategies and report outcomes to them"
    )
    coordinator.add_argument("--name", type=checked.name)
    coordinator.set_defaults(queues=["coordinator"], threads=None, concurrency=COORDINATOR_THREADS)
    evaluation = roles.add_parser("evaluation", help="evaluate candidates")
    evaluation.add_argument("--name", type=checked.name)
    evaluation.add_argument(
        "--queues",
        type=checked.queues,
        default=["cpu"],
        help="queues to serve, separated by commas (default: cpu)",
    )
    evaluation.add_argument(
        "--threads",
        type=checked.threads,
        help="processor threads of a training (default: TRAINER_THREADS)",
    )
    evaluation.add_argument(
        "--concurrency",
        type=checked.threads,
        default=1,
        help="how many candidates may be evaluated at once (default: 1)",
    )
    imports = roles.add_parser("imports", help="import the uploaded tables that wait, then end")
    imports.add_argument("--parent", type=int, help="end when the process with this id ends")
    imports.add_argument(
        "--claims", type=checked.threads, default=sys.maxsize, help="how many at most"
    )
    return parser


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    os._exit(status)  # a thread may be blocked in a call of the broker's client
