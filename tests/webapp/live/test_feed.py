"""One reader per run and process: how often it reads, and what a slow socket costs."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async

from tests.webapp.live.test_consumer import Socket, opened, write
from webapp.accounts.models import Role
from webapp.live import feed
from webapp.live.backlog import newer_events
from webapp.live.feed import MAX_CHUNKS, Chunk, Listener

from ...fixtures.factories import make_member, make_run, make_team

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


@pytest.fixture
def scene():
    """A run, and a member of its team."""
    team = make_team()
    return make_run(team), make_member(team, Role.VIEWER)


async def test_fault_45_any_number_of_tabs_reads_each_event_once(scene, settings, monkeypatch):
    settings.SOCKET_POLL_SECONDS = 600
    reads: list[int] = []

    def counted(run_id: int, after: int):
        events = newer_events(run_id, after)
        reads.extend(event["seq"] for event in events)
        return events

    monkeypatch.setattr(feed, "newer_events", counted)
    run, user = scene
    sockets = [await opened(run, user, run.seq) for _ in range(12)]
    last = run.seq
    for _ in range(5):
        last = await write(run)
        await asyncio.sleep(0.02)
    for socket in sockets:
        assert await socket.events_to(last) == list(range(run.seq + 1, last + 1))
    assert reads == list(range(run.seq + 1, last + 1))
    for socket in sockets:
        await socket.disconnect()


async def test_a_socket_that_joins_a_busy_feed_misses_and_repeats_nothing(scene):
    run, user = scene
    first = await opened(run, user, run.seq)
    writing = asyncio.create_task(_write_many(run, 40))
    sockets = [await opened_now(run, user) for _ in range(5)]
    last = await writing
    for socket in [first, *sockets]:
        assert await socket.events_to(last) == list(range(run.seq + 1, last + 1))
        await socket.disconnect()


async def _write_many(run, count: int) -> int:
    last = 0
    for _ in range(count):
        last = await write(run)
    return last


async def opened_now(run, user):
    socket = Socket(run.pk, user, run.seq)
    assert (await socket.connect())[0]
    assert (await socket.frame())["type"] == "hello"
    return socket


async def test_the_queue_of_a_socket_that_never_reads_is_bounded(scene):
    listener = Listener(scene[1])
    listener.behind = False
    for number in range(10 * MAX_CHUNKS):
        listener.put(Chunk([number], ["x" * 100]))
    assert listener.behind
    assert listener.take() is None
    listener.behind = False
    for number in range(50):
        listener.put(Chunk([number], ["x" * 100_000]))
    assert listener.behind
    assert listener.take() is None


async def test_a_slow_socket_continues_from_the_database(scene, monkeypatch):
    monkeypatch.setattr(feed, "MAX_CHUNKS", 2)
    monkeypatch.setattr(feed, "PAUSE_SECONDS", 0.0)
    run, user = scene
    socket = await opened(run, user, run.seq)
    release = asyncio.Event()
    original_wait = feed.Listener.wait

    async def slow_wait(self):
        await release.wait()
        await original_wait(self)

    monkeypatch.setattr(feed.Listener, "wait", slow_wait)
    last = await _write_many(run, 12)
    await asyncio.sleep(0.3)
    release.set()
    assert await socket.events_to(last) == list(range(run.seq + 1, last + 1))
    await socket.disconnect()


async def test_under_load_a_user_who_left_the_team_is_still_found(scene, settings):
    settings.SOCKET_POLL_SECONDS = 0.3
    run, user = scene
    socket = await opened(run, user, run.seq)
    writing = asyncio.create_task(_write_many(run, 60))
    await sync_to_async(user.memberships.all().delete)()
    for _ in range(200):
        message = await socket.receive_output()
        if message["type"] == "websocket.close":
            break
    assert message == {"type": "websocket.close", "code": 4404}
    await writing


async def test_the_last_socket_of_a_run_ends_its_feed(scene):
    run, user = scene
    sockets = [await opened(run, user, run.seq) for _ in range(2)]
    last = await write(run)
    for socket in sockets:
        assert await socket.events_to(last) == [last]
    feeds = feed._feeds[asyncio.get_running_loop()]
    assert list(feeds) == [run.pk]
    assert len(feeds[run.pk].listeners) == 2
    for socket in sockets:
        await socket.disconnect()
    assert feeds == {}
