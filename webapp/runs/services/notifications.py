"""Doorbells for workers: Celery messages sent by task name, after commit.

The database is the truth; a bell only spares the wait until somebody looks by himself.
So a dead or frozen broker neither fails nor holds up whoever rings: after one bell that
was not heard the others stay silent for a moment.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial

from celery import Celery
from django.conf import settings
from django.db import transaction

log = logging.getLogger(__name__)
COORDINATOR_QUEUE = "coordinator"
QUIET_SECONDS = 5.0
EXPIRES_SECONDS = 300  # an old bell calls nobody: the sweep has long been there

_lock = threading.Lock()
_quiet_until = 0.0


def _make_sender() -> Celery:
    sender = Celery("paretoscope.bells", broker=settings.BROKER_URL, set_as_current=False)
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


def wake_coordinator(run_id: int) -> None:
    """After commit: a run has something to be told, asked or settled."""
    _after_commit(partial(_send, "workers.tasks.advance", COORDINATOR_QUEUE, (run_id,)))


def wake_workers(queues: Iterable[str]) -> None:
    """After commit: on these queues candidates wait."""
    for queue in sorted(set(queues)):
        _after_commit(partial(_send, "workers.tasks.evaluate", queue, ()))


def _after_commit(ring: Callable[[], None]) -> None:
    transaction.on_commit(ring, robust=True)


def _send(task: str, queue: str, arguments: tuple) -> None:
    global _quiet_until  # noqa: PLW0603  the one memory of a broker that did not answer
    with _lock:
        if time.monotonic() < _quiet_until:
            return
        try:
            _sender.send_task(
                task, args=arguments, queue=queue, expires=EXPIRES_SECONDS, retry=False
            )
        except Exception as error:  # whatever the broker's client raises: nothing is lost
            _quiet_until = time.monotonic() + QUIET_SECONDS
            log.warning("bell %s on %s not heard: %s", task, queue, error)
