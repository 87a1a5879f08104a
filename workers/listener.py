"""A thread that listens for bells: Celery's consumer, embedded.

It runs beside the loop and not around it. So the loop goes on, stops within its time and
gives its candidate back whatever state the broker connection is in.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time

from celery.worker import WorkController

from .app import app

log = logging.getLogger(__name__)
AGAIN_SECONDS = 2.0


def listen(name: str, queues: list[str]) -> threading.Thread:
    """Starts listening on these queues; ends with the process."""
    thread = threading.Thread(target=_forever, args=(name, queues), name="listener", daemon=True)
    thread.start()
    return thread


def _forever(name: str, queues: list[str]) -> None:
    app.finalize()
    app.set_current()
    app.set_default()
    while True:
        try:
            _consume(name, queues)
            log.warning("listener ended; starting again")
        except Exception as error:  # whatever the broker's client raises
            log.warning("listener broke, starting again: %s", error)
        time.sleep(AGAIN_SECONDS)


def _consume(name: str, queues: list[str]) -> None:
    WorkController(
        app=app,
        hostname=f"{name}.{os.getpid()}@{socket.gethostname()}",
        queues=queues,
        pool="solo",
        concurrency=1,
        loglevel=logging.getLogger().level,
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
    ).start()
