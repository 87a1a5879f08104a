"""The events of one run for all its open pages: read once per process, passed on in memory."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import weakref
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import Error as DatabaseError

from webapp.accounts.permissions import AnyUser
from webapp.events.recorder import group_name

from .backlog import BATCH, newer_events, watch
from .notification import Subscription
from .queries import close_feed_connection, feed_query

log = logging.getLogger(__name__)
PAUSE_SECONDS = 0.04  # between two reads: many events then share one query and one frame
MAX_CHUNKS = 256
MAX_CHARACTERS = 1_000_000


@dataclass(frozen=True)
class Chunk:
    """Events that were read together: their numbers and their JSON texts, which sockets share."""

    numbers: list[int]
    texts: list[str]

    def frame(self, after: int) -> str:
        """Return the frame with the events above `after`; empty if there are none."""
        texts = [t for n, t in zip(self.numbers, self.texts, strict=True) if n > after]
        return f'{{"type": "events", "events": [{", ".join(texts)}]}}' if texts else ""


class Listener:
    """The chunks that one socket has not sent yet.

    The queue is bounded. If a socket is too slow for it, the queue is emptied and `behind` is set:
    the socket then reads what it lacks from the database, or makes the page load a snapshot.

    Attributes:
        user: whose page it is.
        behind: the socket must read the database before it continues with the queue.
        gone: the run does not exist or the user may no longer view it.
        failed: the feed ended with an error.
    """

    def __init__(self, user: AnyUser):
        self.user = user
        self.behind = True
        self.gone = False
        self.failed = False
        self._chunks: deque[Chunk] = deque()
        self._characters = 0
        self._changed = asyncio.Event()

    def put(self, chunk: Chunk) -> None:
        """Add a chunk, or empty the queue if it is full; the database has it for later."""
        if self.behind:
            return
        self._chunks.append(chunk)
        self._characters += sum(map(len, chunk.texts))
        if len(self._chunks) > MAX_CHUNKS or self._characters > MAX_CHARACTERS:
            self.drop()
        self._changed.set()

    def drop(self) -> None:
        """Empty the queue; the socket reads the database instead."""
        self._chunks.clear()
        self._characters = 0
        self.behind = True
        self._changed.set()

    def close(self, gone: bool = False, failed: bool = False) -> None:
        """Wake the socket to close."""
        self.gone, self.failed = gone, failed
        self._changed.set()

    def take(self) -> Chunk | None:
        """Return the oldest chunk, None if there is none."""
        if not self._chunks:
            return None
        chunk = self._chunks.popleft()
        self._characters -= sum(map(len, chunk.texts))
        return chunk

    async def wait(self) -> None:
        """Return when something has changed since the last call."""
        await self._changed.wait()
        self._changed.clear()


class RunFeed:
    """The only reader of a run's new events in this process, for all sockets of the run.

    It reads the table after notifications and at intervals, because notifications may be lost. At
    the intervals it also checks that the run exists and that every user may still view it.
    """

    def __init__(self, run_id: int, seq: int):
        self.run_id = run_id
        self.seq = seq
        self.listeners: set[Listener] = set()
        self.task: asyncio.Task | None = None

    async def read_forever(self) -> None:
        """Pass on events until the task is cancelled or an error ends all sockets of the run."""
        subscription = Subscription(group_name(self.run_id))
        try:
            await subscription.join()
            checked = time.monotonic()
            while True:
                await subscription.wait(self._rest(checked))
                await self._guarded(self._read)
                if self._rest(checked) <= 0:
                    checked = time.monotonic()
                    await self._guarded(self._check)
                await asyncio.sleep(PAUSE_SECONDS)
        except Exception:
            log.exception("feed of run %s failed; its pages will connect again", self.run_id)
            for listener in self.listeners:
                listener.close(failed=True)
        finally:
            await close_feed_connection()
            await subscription.leave()

    @staticmethod
    def _rest(checked: float) -> float:
        """Return the seconds until the next check."""
        return max(0.0, checked + settings.SOCKET_POLL_SECONDS - time.monotonic())

    @staticmethod
    async def _guarded(step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except DatabaseError as error:  # tried again at the next wake-up
            log.warning("events could not be read (%s)", error)

    async def _read(self) -> None:
        while True:
            events = await feed_query(True, newer_events, self.run_id, self.seq)
            if not events:
                return
            texts = [json.dumps(event, allow_nan=False) for event in events]
            chunk = Chunk([event["seq"] for event in events], texts)
            self.seq = chunk.numbers[-1]
            for listener in self.listeners:
                listener.put(chunk)
            if len(events) < BATCH:
                return

    async def _check(self) -> None:
        users = {listener.user.pk for listener in self.listeners}
        state = await feed_query(False, watch, self.run_id, users)
        if state.seq < self.seq:  # the database is another one
            self.seq = state.seq
            for listener in self.listeners:
                listener.drop()
        for listener in self.listeners:
            if listener.user.pk not in state.viewers:
                listener.close(gone=True)


_feeds: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, RunFeed]]
_feeds = weakref.WeakKeyDictionary()


def join(run_id: int, seq: int, user: AnyUser) -> Listener:
    """Listen to a run's feed; `seq` is the number of an event that the run has already.

    The listener's queue receives every event that the database does not show yet, so a socket that
    reads the database afterwards misses none.
    """
    feeds = _feeds.setdefault(asyncio.get_running_loop(), {})
    feed = feeds.get(run_id)
    if feed is None or feed.task is None or feed.task.done():
        feed = feeds[run_id] = RunFeed(run_id, seq)
        feed.task = asyncio.create_task(feed.read_forever())
    listener = Listener(user)
    feed.listeners.add(listener)
    return listener


async def leave(run_id: int, listener: Listener) -> None:
    """Stop listening; the last listener ends the feed."""
    feeds = _feeds.get(asyncio.get_running_loop(), {})
    feed = feeds.get(run_id)
    if feed is None:
        return
    feed.listeners.discard(listener)
    if feed.listeners or feed.task is None:
        return
    del feeds[run_id]
    feed.task.cancel()
    await asyncio.wait([feed.task], timeout=1.0)
