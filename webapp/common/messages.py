"""Wake-up messages: Celery messages sent by task name after commit.

All work is in the database; a message only makes a process look before its next poll. A dead or
frozen broker therefore causes no failure and no delay: after one message that could not be sent,
no other is tried for a moment.
"""

from __future__ import annotations

import logging
import threading
import time
from functools import partial

from celery import Celery
from django.conf import settings
from django.db import transaction

log = logging.getLogger(__name__)
COORDINATOR_QUEUE = "coordinator"
QUIET_SECONDS = 5.0
EXPIRES_SECONDS = 300  # polling has found the work of an older message

_lock = threading.Lock()
_quiet_until = 0.0


def _make_sender() -> Celery:
    sender = Celery("paretoscope.notifications", broker=settings.BROKER_URL, set_as_current=False)
    sender.conf.update(
        task_ignore_result=True,
        broker_transport_options={
            "socket_timeout": 1.0,
            "socket_connect_timeout": 1.0,
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0.1,
            "interval_max": 0.1,
        },
    )
    return sender


_sender = _make_sender()


def send_after_commit(task: str, queue: str, arguments: tuple = ()) -> None:
    """Send a message to the processes of a queue once the current transaction is committed."""
    transaction.on_commit(partial(_send, task, queue, arguments), robust=True)


def _send(task: str, queue: str, arguments: tuple) -> None:
    global _quiet_until  # noqa: PLW0603  shared by all threads of the process
    with _lock:
        if time.monotonic() < _quiet_until:
            return
        try:
            _sender.send_task(
                task, args=arguments, queue=queue, expires=EXPIRES_SECONDS, retry=False
            )
        except Exception as error:  # of many kinds; the receiver polls, so nothing is lost
            _quiet_until = time.monotonic() + QUIET_SECONDS
            log.warning("message %s to %s not sent: %s", task, queue, error)
