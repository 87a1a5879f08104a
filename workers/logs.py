"""Logging of the worker processes: lines on standard error."""

from __future__ import annotations

import logging
import os
import sys

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
TALKATIVE = ("celery", "kombu")  # a line for every message would hide ours


def set_up(level: int | None = None) -> None:
    """Log from LOG_LEVEL on, of Celery itself warnings and errors.

    Args:
        level: one below WARNING, as of `celery worker --loglevel DEBUG`, is used for Celery too.
    """
    wanted = os.environ.get("LOG_LEVEL", "INFO").upper()
    logging.basicConfig(level=wanted, format=FORMAT, stream=sys.stderr)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(min(level or logging.WARNING, logging.WARNING))
