"""Retries while the database is unreachable."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, InternalError, OperationalError, connection, connections
from psycopg.errors import IdleInTransactionSessionTimeout

T = TypeVar("T")
log = logging.getLogger(__name__)
CONNECTION_ERRORS = (OperationalError, InterfaceError)
MIN_SECONDS = 0.2
MAX_SECONDS = 5.0


def retry_until_available(act: Callable[[], T], stopping: threading.Event) -> T | None:
    """Call `act` until the database answers and return its result; None once `stopping` is set.

    The wait between two tries doubles from `MIN_SECONDS` to `MAX_SECONDS`.
    """
    seconds = MIN_SECONDS
    while True:
        try:
            return act()
        except (*CONNECTION_ERRORS, InternalError) as error:
            if not is_connection_error(error):
                raise
            connection.close()
            log.warning("database unreachable, next try in %.1f s: %s", seconds, _first_line(error))
        if stopping.wait(seconds):
            return None
        seconds = min(2 * seconds, MAX_SECONDS)


def is_connection_error(error: Exception) -> bool:
    """Return whether the connection failed, as opposed to the statement."""
    timed_out = isinstance(error.__cause__, IdleInTransactionSessionTimeout)
    return timed_out or isinstance(error, CONNECTION_ERRORS)


def limit_idle_transactions(seconds: float) -> None:
    """Let PostgreSQL end a transaction of this process that has been idle for `seconds`.

    A worker that is frozen between two statements would otherwise keep the lock on its run and
    block every other process. Call it before the first connection, and only in processes whose
    transactions never wait for anything but the database.
    """
    options = connections.settings["default"]["OPTIONS"]
    limit = f"-c idle_in_transaction_session_timeout={round(1000 * seconds)}"
    options["options"] = f"{options.get('options', '')} {limit}".strip()


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
