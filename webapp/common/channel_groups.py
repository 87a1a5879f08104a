"""Sending to channel groups from synchronous code.

One event loop per process does it, in a thread of its own, so that the connection to the broker
stays open. `async_to_sync` would make a loop, a thread and a connection for every message, which
took longer than storing the event that the message announces.
"""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

from channels.layers import get_channel_layer

SEND_SECONDS = 5.0  # above the time limits of the connection itself, which CHANNEL_LAYERS sets


class _SendingLoop:
    """The event loop of this process; a forked child starts one of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = 0

    def get(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._pid != os.getpid():
                self._loop, self._pid = asyncio.new_event_loop(), os.getpid()
                run = self._loop.run_forever
                threading.Thread(target=run, name="channel groups", daemon=True).start()
            return self._loop


_sending = _SendingLoop()


def send_to_group(group: str, message: dict[str, Any]) -> None:
    """Send a message to every open socket of a channel group.

    Raises:
        TimeoutError: the broker did not answer in time.
        Exception: the broker is not reachable; the type depends on the channel layer.
    """
    sending = asyncio.run_coroutine_threadsafe(_send(group, message), _sending.get())
    try:
        sending.result(SEND_SECONDS)
    except TimeoutError:
        sending.cancel()
        raise


async def _send(group: str, message: dict[str, Any]) -> None:
    await get_channel_layer().group_send(group, message)
