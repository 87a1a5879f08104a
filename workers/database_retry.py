"""Outliving a database that is away for a while."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, InternalError, OperationalError, connection, connections
from psycopg.errors import IdleInTransactionSessionTimeout

T = TypeVar("T")
log = logging.getLogger(__name__)
AWAY = (OperationalError, InterfaceError)
FIRST_SECONDS = 0.2
MAX_SECONDS = 5.0


def patiently(act: Callable[[], T], stopping: threading.Event) -> T | None:
    """What `act` returns, tried until the database answers; None once `stopping` is set."""
    seconds = FIRST_SECONDS
    while True:
        try:
            return act()
        except (*AWAY, InternalError) as error:
            if not is_away(error):
                raise
            connection.close()
            log.warning("database away, next try in %.1f s: %s", seconds, _first_line(error))
        if stopping.wait(seconds):
            return None
        seconds = min(2 * seconds, MAX_SECONDS)


def is_away(error: Exception) -> bool:
    """Whether the connection broke, rather than that the statement was wrong."""
    stood_still = isinstance(error.__cause__, IdleInTransactionSessionTimeout)
    return stood_still or isinstance(error, AWAY)


def hold_no_lock_longer_than(seconds: float) -> None:
    """Has the database end a transaction of this process that stands still so long.

    A worker may be frozen between two statements; without this it would keep the lock on
    its run, and with it everybody who wants to go on without it. For processes whose
    transactions do nothing but write; set before the first connection.
    """
    options = connections.settings["default"]["OPTIONS"]
    limit = f"-c idle_in_transaction_session_timeout={round(1000 * seconds)}"
    options["options"] = f"{options.get('options', '')} {limit}".strip()


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
