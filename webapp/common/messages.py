"""Announcements: Celery messages sent by task name after commit.

All work is in the database; a message only makes a worker look there. A dead or frozen broker
therefore causes no failure and no delay: after one message that could not be sent, no other is
tried for a moment. Lost messages are announced again by the periodic sweep.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from webapp.environment import addresses

if TYPE_CHECKING:
    from celery import Celery

log = logging.getLogger(__name__)
TASK = "workers.tasks.{}"
SWEEP, ADVANCE, IMPORT_TABLES = map(TASK.format, ("sweep", "advance", "import_tables"))
EVALUATE = TASK.format("evaluate")
NOTIFY = TASK.format("notify")
QUIET_SECONDS = 5.0
EXPIRES_SECONDS = 300  # the sweep has found the work of an older message


@dataclass(frozen=True)
class Announcement:
    """A message to the workers of a queue.

    Attributes:
        task: full name of the Celery task.
        queue: the queue of the message.
        arguments: positional arguments of the task.
        options: keyword arguments of the task.
        is_bounded: not sent while a message waits in the queue. Its receiver announces the rest.
        expires: seconds after which a worker ignores it; None: never.
    """

    task: str
    queue: str
    arguments: tuple = ()
    options: dict[str, Any] = field(default_factory=dict)
    is_bounded: bool = False
    expires: float | None = EXPIRES_SECONDS


Undelivered = Callable[[Announcement], None]

_lock = threading.Lock()
_quiet_until = 0.0
_undelivered: Undelivered | None = None


def on_undelivered(act: Undelivered | None) -> None:
    """Call `act` with every announcement of this process that the broker did not take."""
    global _undelivered  # noqa: PLW0603  shared by all threads of the process
    _undelivered = act


def work_announcement(queue: str, task: str = EVALUATE) -> Announcement:
    """Return the announcement of work that waits in a queue."""
    return Announcement(task, queue, options={"queue": queue}, is_bounded=True, expires=None)


def _make_sender(at: int = 0) -> Celery:
    """Return what sends to the broker's address of this position, among several."""
    from celery import Celery  # 6 MB that a web server needs for its first message only

    address = addresses(settings.BROKER_URL)[at]
    sender = Celery("paretoscope.notifications", broker=address, set_as_current=False)
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


_sender: Celery | None = None  # made for the first message
_sends_to = 0  # the position of its address


def the_sender() -> Celery:
    """Return what sends the messages of this process; the caller holds the lock."""
    global _sender  # noqa: PLW0603  shared by all threads of the process
    if _sender is None:
        _sender = _make_sender(_sends_to)
    return _sender


def send_after_commit(announcement: Announcement) -> None:
    """Send a message to the workers of a queue once the current transaction is committed."""
    transaction.on_commit(partial(send, announcement), robust=True)


def send(announcement: Announcement) -> None:
    """Send a message to the workers of a queue now."""
    if not _sent(announcement) and _undelivered is not None:
        _undelivered(announcement)


def _sent(announcement: Announcement) -> bool:
    """Send the message unless one like it waits already; return False if the broker took none."""
    global _quiet_until  # noqa: PLW0603  shared by all threads of the process
    with _lock:
        if time.monotonic() < _quiet_until:
            return False
        for others in reversed(range(len(addresses(settings.BROKER_URL)))):
            try:
                _send(announcement)
                break
            except Exception as error:  # of many kinds; the sweep announces the work again
                _switch()
                if others:
                    continue
                _quiet_until = time.monotonic() + QUIET_SECONDS
                log.warning(
                    "message %s to %s not sent: %s", announcement.task, announcement.queue, error
                )
                return False
    return True


def _send(announcement: Announcement) -> None:
    if announcement.is_bounded and _waiting(announcement.queue):
        return
    the_sender().send_task(
        announcement.task,
        args=announcement.arguments,
        kwargs=announcement.options,
        queue=announcement.queue,
        expires=announcement.expires,
        retry=False,
    )


def _switch() -> None:
    """Send to the next of several addresses of the broker from now on."""
    global _sender, _sends_to  # noqa: PLW0603  shared by all threads of the process
    number = len(addresses(settings.BROKER_URL))
    if number > 1:
        _sends_to = (_sends_to + 1) % number
        _sender = _make_sender(_sends_to)


def _waiting(queue: str) -> int:
    """Return how many messages wait in a queue of the broker."""
    with the_sender().producer_pool.acquire(block=True) as producer:
        return int(producer.channel.client.llen(queue))
