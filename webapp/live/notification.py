"""Hearing that a run has news, in a way that outlives the broker."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from channels.layers import get_channel_layer

from webapp.events.recorder import group_name

log = logging.getLogger(__name__)
AGAIN_SECONDS = 2.0


class RunSubscription:
    """Joins a run's channel group and wakes whoever waits.

    A bell carries no data. While the broker is away nothing rings and `wait` ends by its
    time limit; the group is joined again as soon as that works.
    """

    def __init__(self, run_id: int):
        self.group = group_name(run_id)
        self._rang = asyncio.Event()
        self._joined = asyncio.Event()
        self._task: asyncio.Task | None = None

    async def join(self, seconds: float = 1.0) -> None:
        """Starts listening; returns once joined, or after `seconds` without an answer."""
        self._task = asyncio.create_task(self._listen())
        try:
            await asyncio.wait_for(self._joined.wait(), seconds)
        except TimeoutError:
            log.info("%s: no bell for now, looking for news by itself", self.group)

    async def wait(self, seconds: float) -> None:
        """Returns when the bell rang since the last call, at the latest after `seconds`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rang.wait(), seconds)
        self._rang.clear()

    async def leave(self) -> None:
        """Stops listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1.0)

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except Exception as error:  # whatever the broker's client raises
                log.warning("%s: bell lost (%s)", self.group, error)
                await asyncio.sleep(AGAIN_SECONDS)

    async def _hear(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        try:
            await layer.group_add(self.group, channel)
            self._joined.set()
            self._rang.set()  # what happened before joining made no sound
            while True:
                await layer.receive(channel)
                self._rang.set()
        finally:
            await self._part(layer, channel)

    async def _part(self, layer: object, channel: str) -> None:
        try:
            await asyncio.wait_for(layer.group_discard(self.group, channel), 1.0)
        except Exception as error:
            log.info("%s: left without a word (%s)", self.group, error)
