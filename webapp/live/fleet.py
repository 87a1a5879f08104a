"""The socket of an open fleet page: it announces that workers or queues have changed."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from webapp.accounts.permissions import AnyUser, teams_of
from webapp.runs.services.fleet_news import FLEET_GROUP

from .notification import Subscription
from .queries import query
from .socket_access import NOT_FOUND

log = logging.getLogger(__name__)
PAUSE_SECONDS = 1.0  # between two announcements: many changes then share one request of the page
CHANGED = json.dumps({"type": "events", "events": [{"kind": "fleet"}]})


def may_watch_fleet(user: AnyUser) -> bool:
    """Return whether the user may open the fleet page: every member of a team."""
    return teams_of(user).exists()


class FleetConsumer(AsyncWebsocketConsumer):
    """Sends {"type": "hello"}, then {"type": "events"} without data after every change.

    The page then loads its parts, so that what a person may see is decided in one place. Without
    notifications, as when a worker has died, the page looks again after half a lease.
    """

    channel_layer_alias = "none"  # no such layer, so Channels itself joins no group

    async def connect(self) -> None:
        self.watching: asyncio.Task | None = None
        await self.accept()  # only an accepted socket can send the reason for closing
        if not await query(self.may_watch, self.scope["user"]):
            await self.close(code=NOT_FOUND)
            return
        await self.send(text_data=json.dumps({"type": "hello", "seq": 0}))
        self.watching = asyncio.create_task(self._watch())

    async def disconnect(self, code: int) -> None:
        if self.watching is not None:
            self.watching.cancel()
            await asyncio.wait([self.watching], timeout=2.0)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer a ping; every other message is ignored."""
        with suppress(ValueError, AttributeError, RecursionError):
            if json.loads(text_data or "").get("type") == "ping":
                await self.send(text_data=json.dumps({"type": "pong"}))

    def may_watch(self, user: AnyUser) -> bool:
        """Return whether the user may open the socket."""
        return may_watch_fleet(user)

    def group(self) -> str:
        """Return the channel group whose notifications are announced."""
        return FLEET_GROUP

    def seconds(self) -> float:
        """Return after how long without a notification a change is announced all the same."""
        return settings.LEASE_SECONDS / 2

    async def _watch(self) -> None:
        subscription = Subscription(self.group())
        try:
            await subscription.join()
            while True:
                await subscription.wait(self.seconds())
                await self.send(text_data=CHANGED)
                await asyncio.sleep(PAUSE_SECONDS)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("socket %s failed; the page will open another", self.group())
            await self.close()
        finally:
            await subscription.leave()
