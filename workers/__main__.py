"""Starting a worker process.

    python -m workers coordinator [--name NAME]
    python -m workers evaluation [--queues cpu,gpu] [--name NAME] [--threads N]

One coordinator advances the runs; each evaluation process is one slot. Both need
DATABASE_URL and BROKER_URL, end on SIGTERM or Ctrl-C within moments, and wait for a
database or broker that is away. TRAINER_THREADS is the default of --threads.
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
    """Runs one process until it is asked to end; returns its exit status."""
    options = _parser().parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    logging.basicConfig(
        level=os.environ.get("LOG_LEVEL", "INFO").upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("celery").setLevel(logging.WARNING)  # a line for each bell is too much
    import django

    django.setup()
    from .listener import listen

    process = _process(options)
    # In a thread: a handler may interrupt the loop while it holds the lock that stop needs.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=process.stop).start())
    listen(process.name, options.queues)
    process.run()
    return 0


def _process(options: argparse.Namespace):
    """The loop that was asked for; imported late, when Django is set up."""
    from .coordinator import Coordinator
    from .slot import Slot
    from .wake_up import wakeup

    if options.role == "coordinator":
        return Coordinator(options.name, wakeup)
    return Slot(options.name, options.queues, options.threads, wakeup)


def _parser() -> argparse.ArgumentParser:
    host = socket.gethostname()
    parser = argparse.ArgumentParser(prog="python -m workers", description="A worker process.")
    roles = parser.add_subparsers(dest="role", required=True)
    coordinator = roles.add_parser("coordinator", help="advances runs")
    coordinator.add_argument("--name", type=_name, default=f"coordinator@{host}")
    coordinator.set_defaults(queues=["coordinator"])
    evaluation = roles.add_parser("evaluation", help="evaluates candidates")
    evaluation.add_argument("--name", type=_name, default=f"worker@{host}")
    evaluation.add_argument("--queues", type=_queues, default=["cpu"], help="comma-separated")
    evaluation.add_argument("--threads", type=_threads, default=_default_threads())
    return parser


def _default_threads() -> int:
    """TRAINER_THREADS, else all cores but one: pages want to be served too."""
    given = os.environ.get("TRAINER_THREADS")
    return _threads(given) if given else max(1, (os.cpu_count() or 2) - 1)


def _threads(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of threads; give 1 or more")
    return int(text)


def _name(text: str) -> str:
    if not 0 < len(text) <= 120 or not text.isprintable():
        raise argparse.ArgumentTypeError("a name is one line of 1 to 120 characters")
    return text


def _queues(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or not all(re.fullmatch(r"[\w.-]{1,40}", name) for name in names):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of queues, as in cpu,gpu")
    return names


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    os._exit(status)  # the listener's thread may sit in a broker call for long
