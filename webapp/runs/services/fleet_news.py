"""Notifications of open fleet pages: workers, queues or running work have changed."""

from __future__ import annotations

import logging
import threading
import time

from django.db import transaction

from webapp.common.channel_groups import send_to_group

log = logging.getLogger(__name__)
FLEET_GROUP = "fleet"
PAUSE_SECONDS = 0.2  # between two notifications of a thread; the page waits longer than that
QUIET_SECONDS = 2.0  # pause after a failed notification; pages look again by themselves


class _Pause(threading.local):
    """Until when this thread sends no notification."""

    until = 0.0


_pause = _Pause()


def announce_fleet() -> None:
    """After commit, make open fleet pages load what has changed; the message carries no data."""
    transaction.on_commit(_send, robust=True)


def _send() -> None:
    now = time.monotonic()
    if now < _pause.until:
        return
    _pause.until = now + PAUSE_SECONDS
    try:
        send_to_group(FLEET_GROUP, {"type": "fleet.changed"})
    except Exception as error:  # nothing is lost: pages look again at intervals
        _pause.until = now + QUIET_SECONDS
        log.warning("fleet pages were not notified (%s)", error)
