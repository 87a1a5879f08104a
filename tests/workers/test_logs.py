"""Lines of the workers' logs."""

from __future__ import annotations

import logging
import sys

import pytest
import redis.exceptions

from workers.logs import FORMAT, LineFormatter


@pytest.mark.parametrize(
    ("error", "is_short"),
    [
        (redis.exceptions.ConnectionError("Connection closed by server."), True),
        (ConnectionResetError(104, "reset by peer"), True),
        (ValueError("a mistake"), False),
    ],
)
def test_an_unreachable_broker_is_a_line_without_a_traceback(error, is_short):
    try:
        raise error
    except type(error):
        raised = sys.exc_info()
    record = logging.LogRecord("kombu", logging.ERROR, "", 0, "timer failed", None, raised)
    text = LineFormatter(FORMAT).format(record)
    assert str(error) in text
    assert ("Traceback" not in text) == is_short
