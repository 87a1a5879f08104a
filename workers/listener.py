"""A thread that receives notifications with an embedded Celery consumer.

It runs next to the main loop, not around it: whatever the state of the broker connection, the
loop keeps working, stops in time and returns its candidate.
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
RESTART_SECONDS = 2.0


def listen(name: str, queues: list[str]) -> threading.Thread:
    """Start listening on these queues; the thread ends with the process."""
    thread = threading.Thread(
        target=_listen_forever, args=(name, queues), name="listener", daemon=True
    )
    thread.start()
    return thread


def _listen_forever(name: str, queues: list[str]) -> None:
    app.finalize()
    app.set_current()
    app.set_default()
    while True:
        try:
            _consume(name, queues)
            log.warning("listener ended; restarting")
        except Exception as error:  # whatever the broker's client raises
            log.warning("listener failed, restarting: %s", error)
        time.sleep(RESTART_SECONDS)


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
