"""One open page: numbered events of one run, replayed first, then live."""

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

from .backlog import backlog, visible_run
from .notification import RunSubscription

log = logging.getLogger(__name__)
NOT_FOUND = 4404  # the same for a stranger, a signed-out person and a missing run
MAX_SEQ = 2**53


class RunConsumer(AsyncWebsocketConsumer):
    """Sends {"type": "hello"}, then {"type": "event"} in order, or {"type": "reset"}.

    The table is the only source: replay and live are one loop that sends what is newer
    than the last number sent, woken by the bell or by its own slow clock. The channel
    layer is used by the `Bell` alone, so a dead broker costs promptness, not the socket.
    """

    channel_layer_alias = "none"  # no such layer: Channels joins nothing on our behalf

    async def connect(self) -> None:
        self.run_id: int = self.scope["url_route"]["kwargs"]["run_id"]
        self.last = _after(self.scope["query_string"])
        self.feed: asyncio.Task | None = None
        await self.accept()  # only an accepted socket can tell the page why it is closed
        run = await database_sync_to_async(visible_run, thread_sensitive=False)(
            self.scope["user"], self.run_id
        )
        if run is None:
            await self.close(code=NOT_FOUND)
            return
        await self._say({"type": "hello", "seq": run.seq})
        self.feed = asyncio.create_task(self._feed())

    async def disconnect(self, code: int) -> None:
        if self.feed is not None:
            self.feed.cancel()
            await asyncio.wait([self.feed], timeout=2.0)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answers a ping; anything else a page might say is of no interest."""
        with suppress(ValueError, AttributeError, RecursionError):
            if json.loads(text_data or "").get("type") == "ping":
                await self._say({"type": "pong"})

    async def _feed(self) -> None:
        bell = RunSubscription(self.run_id)
        try:
            await bell.join()
            while await self._send_news():
                await bell.wait(settings.SOCKET_POLL_SECONDS)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("socket of run %s broke; the page will open another", self.run_id)
            await self.close(code=1011)
        finally:
            await bell.leave()

    async def _send_news(self) -> bool:
        """Sends everything newer than `last`; False when there is nothing to look at."""
        while True:
            try:
                news = await self._read()
            except DatabaseError as error:  # it will be back; the page keeps what it has
                log.warning("run %s: no news from the database (%s)", self.run_id, error)
                return True
            if news.gone:
                await self.close(code=NOT_FOUND)
                return False
            if news.reset:
                await self._say({"type": "reset"})
                self.last = news.seq
                return True
            for event in news.events:
                await self._say({"type": "event", **event})
                self.last = event["seq"]
            if self.last >= news.seq or not news.events:
                return True

    async def _read(self) -> Any:
        # The wrapper hands its database connection back after each call.
        return await database_sync_to_async(backlog, thread_sensitive=False)(
            self.scope["user"], self.run_id, self.last
        )

    async def _say(self, message: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(message, allow_nan=False))


def _after(query: bytes) -> int:
    """The number in ?after=, 0 where it is missing or no number."""
    text = parse_qs(query.decode("latin-1")).get("after", ["0"])[0]
    return min(int(text), MAX_SEQ) if text.isascii() and text.isdigit() and len(text) < 20 else 0
