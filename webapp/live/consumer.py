"""The socket of an open run page: first the events that the page missed, then live events."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseError

from .backlog import backlog, visible_run
from .feed import Listener, join, leave
from .queries import query
from .socket_access import NOT_FOUND

log = logging.getLogger(__name__)
FAILED = 1011
MAX_SEQ = 2**53


class RunConsumer(AsyncWebsocketConsumer):
    """Sends {"type": "hello"}, then {"type": "events"} in order, or {"type": "reset"}.

    The event table is the only source. Missed events are read for this socket; everything
    newer is read once per process by the run's feed and waits in the listener's bounded queue. A
    socket that is too slow for the queue reads the table again. A dead broker delays events but
    does not close the socket.
    """

    channel_layer_alias = "none"  # no such layer, so Channels itself joins no group

    async def connect(self) -> None:
        self.run_id: int = self.scope["url_route"]["kwargs"]["run_id"]
        self.last = _after(self.scope["query_string"])
        self.feed: asyncio.Task | None = None
        await self.accept()  # only an accepted socket can send the reason for closing
        run = await query(visible_run, self.scope["user"], self.run_id)
        if run is None:
            await self.close(code=NOT_FOUND)
            return
        await self._send_json({"type": "hello", "seq": run.seq})
        self.feed = asyncio.create_task(self._feed(run.seq))

    async def disconnect(self, code: int) -> None:
        if self.feed is not None:
            self.feed.cancel()
            await asyncio.wait([self.feed], timeout=2.0)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer a ping; every other message is ignored."""
        with suppress(ValueError, AttributeError, RecursionError):
            if json.loads(text_data or "").get("type") == "ping":
                await self._send_json({"type": "pong"})

    async def _feed(self, seq: int) -> None:
        listener = join(self.run_id, seq, self.scope["user"])
        try:
            while await self._send_new_events(listener):
                await listener.wait()
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("socket of run %s failed; the page will open another", self.run_id)
            await self.close(code=FAILED)
        finally:
            await leave(self.run_id, listener)

    async def _send_new_events(self, listener: Listener) -> bool:
        """Send everything newer than `last`; return False if the socket was closed."""
        while not (listener.gone or listener.failed):
            if listener.behind:
                if not await self._catch_up(listener):
                    return True
                continue
            chunk = listener.take()
            if chunk is None:
                return True
            if frame := chunk.frame(self.last):
                await self.send(text_data=frame)
                self.last = max(self.last, chunk.numbers[-1])
        await self.close(code=NOT_FOUND if listener.gone else FAILED)
        return False

    async def _catch_up(self, listener: Listener) -> bool:
        """Send what the table has above `last`; return False if it has to be tried again."""
        listener.behind = False
        while True:
            try:
                found = await query(backlog, self.scope["user"], self.run_id, self.last)
            except DatabaseError as error:
                log.warning("run %s: events could not be read (%s)", self.run_id, error)
                await asyncio.sleep(settings.SOCKET_POLL_SECONDS)
                listener.drop()
                return False
            if found.gone:
                listener.close(gone=True)
                return True
            if found.reset:
                await self._send_json({"type": "reset"})
                self.last = found.seq
                return True
            if found.events:
                await self._send_json({"type": "events", "events": found.events})
                self.last = found.events[-1]["seq"]
            if self.last >= found.seq or not found.events:
                return True

    async def _send_json(self, message: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(message, allow_nan=False))


def _after(query: bytes) -> int:
    """The number in ?after=, 0 if it is missing or not a number."""
    text = parse_qs(query.decode("latin-1")).get("after", ["0"])[0]
    return min(int(text), MAX_SEQ) if text.isascii() and text.isdigit() and len(text) < 20 else 0
