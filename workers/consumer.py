"""The consumer of a Celery worker, as our part of the worker sees it."""

from __future__ import annotations

import logging
import os
import sys
import threading
import uuid
from collections.abc import Callable
from typing import Any

from celery.worker import state
from kombu.message import Message

from webapp.common.messages import Announcement

from . import process
from .task_request import TaskRequest

log = logging.getLogger(__name__)


class Consumer:
    """Starts tasks without the broker, and passes requests of other threads to Celery's consumer.

    A task that starts here is an ordinary one: events, `inspect` and `revoke` treat it like the
    others. While an equal one has not begun, a second one is not started.
    """

    def __init__(self, controller: Any):
        self._controller = controller
        self._lock = threading.Lock()
        self._waiting: set[str] = set()

    def start_here(self, announcement: Announcement) -> None:
        """Give a task to the pool of this worker."""
        key = repr(announcement)
        with self._lock:
            if key in self._waiting:
                return
            self._waiting.add(key)
        request = self._request(announcement, key)
        state.task_reserved(request)
        request.execute_using_pool(self._controller.pool)

    def start_if_served(self, announcement: Announcement) -> None:
        """Start a task whose message the broker did not take, if it is for this worker."""
        if announcement.queue in self._controller.app.amqp.queues.consume_from:
            self.start_here(announcement)

    def is_connected(self) -> bool:
        """Return whether there is a connection to the broker."""
        connection = self._controller.consumer.connection
        return connection is not None and bool(connection.connected)

    def wake(self) -> None:
        """Let the consumer look whether it may receive a message."""
        self._soon(lambda: None)

    def receive(self, queues: list[str], begin: bool) -> None:
        """Begin or end receiving messages of these queues."""
        self._soon(lambda: self._receive(queues, begin))

    def reconnect(self) -> None:
        """Let the consumer drop its connection to the broker and open another."""
        self._soon(_raise_connection_error)

    def restart(self, reason: str) -> None:
        """Sign out, then start this process again with the same command line."""
        log.warning("%s: the worker starts again", reason)
        worker = process.the_worker()
        worker.stop()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])

    def _soon(self, act: Callable[[], None]) -> None:
        """Call `act` in the thread of the consumer."""
        if self._controller.hub is not None:
            self._controller.hub.call_soon(act)

    def _receive(self, queues: list[str], begin: bool) -> None:
        consumer = self._controller.consumer
        chosen = consumer.app.amqp.queues
        for queue in queues:
            if consumer.task_consumer is None:  # the next connection is for the chosen queues
                (chosen.select_add if begin else chosen.deselect)(queue)
            elif begin:
                consumer.add_task_queue(queue)
            else:
                consumer.cancel_task_queue(queue)

    def _request(self, announcement: Announcement, key: str) -> TaskRequest:
        app = self._controller.app
        sent = app.amqp.as_task_v2(
            str(uuid.uuid4()), announcement.task, announcement.arguments, announcement.options
        )
        delivery = {"exchange": "", "routing_key": announcement.queue}
        message = Message(
            headers=sent.headers, properties=sent.properties, delivery_info=delivery, body=sent.body
        )
        return TaskRequest(
            message,
            app=app,
            hostname=self._controller.hostname,
            eventer=self._controller.consumer.event_dispatcher,
            task=app.tasks[announcement.task],
            on_ack=lambda *_: self._begun(key),
            body=sent.body,
            headers=sent.headers,
            decoded=True,
        )

    def _begun(self, key: str) -> None:
        with self._lock:
            self._waiting.discard(key)


def _raise_connection_error() -> None:
    raise ConnectionResetError("work waits, but no message arrives")
