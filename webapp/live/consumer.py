"""The socket of an open run page: first the events that the page missed, then live events."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseError

from webapp.events.recorder import group_name

from .backlog import Backlog, backlog, visible_run
from .notification import Subscription
from .socket_access import NOT_FOUND

log = logging.getLogger(__name__)
MAX_SEQ = 2**53


class RunConsumer(AsyncWebsocketConsumer):
    """Sends {"type": "hello"}, then {"type": "event"} in order, or {"type": "reset"}.

    The event table is the only source. One loop sends every event that is newer than the last
    one sent; a notification or a time limit wakes it. Only `Subscription` uses the channel
    layer, so a dead broker delays events but does not close the socket.
    """

    channel_layer_alias = "none"  # no such layer, so Channels itself joins no group

    async def connect(self) -> None:
        self.run_id: int = self.scope["url_route"]["kwargs"]["run_id"]
        self.last = _after(self.scope["query_string"])
        self.feed: asyncio.Task | None = None
        await self.accept()  # only an accepted socket can send the reason for closing
        run = await database_sync_to_async(visible_run, thread_sensitive=False)(
            self.scope["user"], self.run_id
        )
        if run is None:
            await self.close(code=NOT_FOUND)
            return
        await self._send_json({"type": "hello", "seq": run.seq})
        self.feed = asyncio.create_task(self._feed())

    async def disconnect(self, code: int) -> None:
        if self.feed is not None:
            self.feed.cancel()
            await asyncio.wait([self.feed], timeout=2.0)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer a ping; every other message is ignored."""
        with suppress(ValueError, AttributeError, RecursionError):
            if json.loads(text_data or "").get("type") == "ping":
                await self._send_json({"type": "pong"})

    async def _feed(self) -> None:
        subscription = Subscription(group_name(self.run_id))
        try:
            await subscription.join()
            while await self._send_new_events():
                await subscription.wait(settings.SOCKET_POLL_SECONDS)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("socket of run %s failed; the page will open another", self.run_id)
            await self.close(code=1011)
        finally:
            await subscription.leave()

    async def _send_new_events(self) -> bool:
        """Send everything newer than `last`; return False if the run is gone."""
        while True:
            try:
                found = await self._read()
            except DatabaseError as error:  # tried again at the next wake-up
                log.warning("run %s: events could not be read (%s)", self.run_id, error)
                return True
            if found.gone:
                await self.close(code=NOT_FOUND)
                return False
            if found.reset:
                await self._send_json({"type": "reset"})
                self.last = found.seq
                return True
            for event in found.events:
                await self._send_json({"type": "event", **event})
                self.last = event["seq"]
            if self.last >= found.seq or not found.events:
                return True

    async def _read(self) -> Backlog:
        # The wrapper returns its database connection after each call.
        return await database_sync_to_async(backlog, thread_sensitive=False)(
            self.scope["user"], self.run_id, self.last
        )

    async def _send_json(self, message: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(message, allow_nan=False))


def _after(query: bytes) -> int:
    """The number in ?after=, 0 if it is missing or not a number."""
    text = parse_qs(query.decode("latin-1")).get("after", ["0"])[0]
    return min(int(text), MAX_SEQ) if text.isascii() and text.isdigit() and len(text) < 20 else 0
