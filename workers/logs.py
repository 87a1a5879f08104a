"""Logging of the worker processes: lines on standard error."""

from __future__ import annotations

import logging
import os
import sys
from types import TracebackType

import kombu.exceptions
import redis.exceptions

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
TALKATIVE = ("celery", "kombu")  # a line for every message would hide ours
# The broker cannot be reached. The worker connects again by itself.
BROKER_GONE = (
    ConnectionError,
    kombu.exceptions.OperationalError,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
)
Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class LineFormatter(logging.Formatter):
    """Writes the text of the exception, without a traceback, if the broker cannot be reached."""

    def formatException(self, ei: Raised) -> str:  # noqa: N802  overrides a method of logging
        if isinstance(ei[1], BROKER_GONE):
            return f"{type(ei[1]).__name__}: {ei[1]}"
        return super().formatException(ei)


def set_up(level: int | None = None) -> None:
    """Log from LOG_LEVEL on, of Celery itself warnings and errors.

    Args:
        level: one below WARNING, as of `celery worker --loglevel DEBUG`, is used for Celery too.
    """
    wanted = os.environ.get("LOG_LEVEL", "INFO").upper()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(FORMAT))
    logging.basicConfig(level=wanted, handlers=[handler])
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(min(level or logging.WARNING, logging.WARNING))
