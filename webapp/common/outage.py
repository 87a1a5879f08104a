"""Requests that fail because the database cannot be reached."""

from __future__ import annotations

import logging
from typing import TypeGuard

from django.db import InterfaceError, OperationalError

RETRY_SECONDS = 5
UNREACHABLE = "The database cannot be reached at the moment. Try again in a few seconds."
# Classes of SQLSTATE: connection, operator intervention (shutdown), too many connections.
LOST = ("08", "57P", "53300")


def is_outage(error: object) -> TypeGuard[Exception]:
    """Return whether the connection to the database failed, as opposed to a statement."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(LOST)


class OutageFilter(logging.Filter):
    """Logs a request that failed in an outage as one line, without its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if is_outage(error):
            line = str(error).strip().partition("\n")[0]
            record.msg, record.args = f"{record.getMessage()}: {line}", ()
            record.exc_info = None
        return True
