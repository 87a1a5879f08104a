"""Notifications of a channel group; they survive a restart of the broker."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from channels.layers import get_channel_layer

if TYPE_CHECKING:
    from channels_redis.pubsub import RedisPubSubChannelLayer

log = logging.getLogger(__name__)
RETRY_SECONDS = 2.0


class Subscription:
    """Membership in a channel group, such as that of a run; wakes the task that waits.

    A notification carries no data. While the broker is down there are none, and `wait` ends at
    its time limit; the group is joined again as soon as possible.
    """

    def __init__(self, group: str):
        self.group = group
        self._notified = asyncio.Event()
        self._joined = asyncio.Event()
        self._task: asyncio.Task | None = None

    async def join(self, seconds: float = 1.0) -> None:
        """Start listening; return once joined, or after `seconds` without an answer."""
        self._task = asyncio.create_task(self._listen())
        try:
            await asyncio.wait_for(self._joined.wait(), seconds)
        except TimeoutError:
            log.info("%s: no notifications for now, polling the database", self.group)

    async def wait(self, seconds: float) -> None:
        """Return at the first notification since the last call, at the latest after `seconds`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._notified.wait(), seconds)
        self._notified.clear()

    async def leave(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1.0)

    async def _listen(self) -> None:
        while True:
            try:
                await self._receive()
            except Exception as error:  # the broker's client raises many kinds
                log.warning("%s: notifications interrupted (%s)", self.group, error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _receive(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        try:
            await layer.group_add(self.group, channel)
            self._joined.set()
            self._notified.set()  # events before joining were not announced to us
            while True:
                await layer.receive(channel)
                self._notified.set()
        finally:
            await self._discard(layer, channel)

    async def _discard(self, layer: RedisPubSubChannelLayer, channel: str) -> None:
        try:
            await asyncio.wait_for(layer.group_discard(self.group, channel), 1.0)
        except Exception as error:
            log.info("%s: could not leave the group (%s)", self.group, error)
