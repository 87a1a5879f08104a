"""Values of command lines and of the environment that every start of a worker reads."""

from __future__ import annotations

import argparse
import os

from webapp.common.queue_names import QUEUE_NAME

MAX_NAME = 120


def default_threads(concurrency: int = 1) -> int:
    """Return TRAINER_THREADS, or an equal share of all cores but one, which serves the pages."""
    given = os.environ.get("TRAINER_THREADS")
    return threads(given) if given else max(1, ((os.cpu_count() or 2) - 1) // concurrency)


def threads(text: str) -> int:
    """Return a number of processor threads.

    Raises:
        argparse.ArgumentTypeError: it is not a whole number of 1 or more.
    """
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of threads: use 1 or more")
    return int(text)


def name(text: str) -> str:
    """Return the name of a worker.

    Raises:
        argparse.ArgumentTypeError: it is empty, too long or not printable.
    """
    if not 0 < len(text) <= MAX_NAME or not text.isprintable():
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is not a name: use 1 to {MAX_NAME} printable characters"
        )
    return text


def queues(text: str) -> list[str]:
    """Return the names of queues in a list separated by commas.

    Raises:
        argparse.ArgumentTypeError: there is none, or one has other characters.
    """
    names = [part.strip() for part in text.split(",") if part.strip()]
    if not names or not all(QUEUE_NAME.fullmatch(part) for part in names):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of queues: use names separated by commas, as in cpu,cuda"
        )
    return names
