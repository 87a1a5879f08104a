"""Start a worker process.

    python -m workers coordinator [--name NAME]
    python -m workers evaluation [--queues cpu,gpu] [--name NAME] [--threads N]
    python -m workers imports

A coordinator advances the runs; an evaluation process evaluates one candidate at a time; the third
one imports the uploaded tables that wait and ends: a coordinator starts it when needed. All
read DATABASE_URL and BROKER_URL, stop on SIGTERM or Ctrl-C, and wait while the database or the
broker is unreachable. TRAINER_THREADS is the default of --threads.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import signal
import socket
import sys
import threading


def main(arguments: list[str] | None = None) -> int:
    """Run one process until it receives SIGTERM or SIGINT; return its exit status."""
    options = _parser().parse_args(arguments)
    os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"  # not that of another project
    logging.basicConfig(
        level=os.environ.get("LOG_LEVEL", "INFO").upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("celery").setLevel(logging.WARNING)  # one line per notification is too much
    import django

    django.setup()
    if options.role == "imports":
        from .table_imports import import_waiting_tables

        import_waiting_tables()
        return 0
    from .listener import listen

    process = _process(options)
    # In a thread: a handler may interrupt the loop while it holds the lock that stop needs.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=process.stop).start())
    listen(process.name, options.queues)
    process.run()
    return 0


def _process(options: argparse.Namespace):
    """Return the main loop of the chosen role; imported late, after `django.setup()`."""
    from .coordinator import Coordinator
    from .wake_up import wake_up
    from .worker import Worker

    if options.role == "coordinator":
        return Coordinator(options.name, wake_up)
    return Worker(options.name, options.queues, options.threads, wake_up)


def _parser() -> argparse.ArgumentParser:
    host = socket.gethostname()
    parser = argparse.ArgumentParser(
        prog="python -m workers", description="Start a worker process."
    )
    roles = parser.add_subparsers(dest="role", required=True)
    coordinator = roles.add_parser(
        "coordinator", help="advance runs: ask strategies and report outcomes to them"
    )
    coordinator.add_argument("--name", type=_name, default=f"coordinator@{host}")
    coordinator.set_defaults(queues=["coordinator"])
    evaluation = roles.add_parser("evaluation", help="evaluate candidates")
    evaluation.add_argument("--name", type=_name, default=f"worker@{host}")
    evaluation.add_argument(
        "--queues",
        type=_queues,
        default=["cpu"],
        help="queues to serve, separated by commas (default: cpu)",
    )
    evaluation.add_argument(
        "--threads",
        type=_threads,
        default=_default_threads(),
        help="processor threads of a training",
    )
    roles.add_parser("imports", help="import the uploaded tables that wait, then end")
    return parser


def _default_threads() -> int:
    """Return TRAINER_THREADS, or all cores but one, which serves the pages."""
    given = os.environ.get("TRAINER_THREADS")
    return _threads(given) if given else max(1, (os.cpu_count() or 2) - 1)


def _threads(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of threads: use 1 or more")
    return int(text)


def _name(text: str) -> str:
    if not 0 < len(text) <= 120 or not text.isprintable():
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is not a name: use 1 to 120 printable characters"
        )
    return text


def _queues(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or not all(re.fullmatch(r"[\w.-]{1,40}", name) for name in names):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of queues: use names separated by commas, as in cpu,cuda"
        )
    return names


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    os._exit(status)  # the listener's thread may be blocked in a broker call
