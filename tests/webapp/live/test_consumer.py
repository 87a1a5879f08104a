"""The socket: permissions, replay, and what a lost notification costs."""

from __future__ import annotations

import asyncio
import json

import pytest
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser
from django.db import connection

from webapp.accounts.models import Role
from webapp.events.models import Event
from webapp.events.recorder import record
from webapp.live.consumer import NOT_FOUND
from webapp.live.routing import websocket_urlpatterns
from webapp.runs.services.locking import locked_run

from ...fixtures.factories import make_member, make_run, make_team
from ...fixtures.sockets import PatientSocket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
router = URLRouter(websocket_urlpatterns)


class Socket(PatientSocket):
    """The socket of a page of a signed-in user."""

    def __init__(self, run_id: int, user, after: object = 0):
        super().__init__(router, f"/ws/runs/{run_id}/?after={after}")
        self.scope["user"] = user

    async def frame(self) -> dict:
        """Return the next frame; it must be strict JSON."""
        text = await self.receive_from()
        return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))

    async def events_to(self, seq: int) -> list[int]:
        """Return the numbers of the events up to this one."""
        numbers: list[int] = []
        while not numbers or numbers[-1] < seq:
            frame = await self.frame()
            assert frame["type"] == "events"
            numbers += [event["seq"] for event in frame["events"]]
        return numbers

    async def code(self) -> int:
        """Return the code with which the server closes."""
        message = await self.receive_output()
        assert message["type"] == "websocket.close"
        return message["code"]


@pytest.fixture
def scene():
    """A run, and a member of its team."""
    team = make_team()
    return make_run(team), make_member(team, Role.VIEWER)


@sync_to_async
def write(run, count: int = 1) -> int:
    """Record this many log lines in one commit; return the last number."""
    with locked_run(run.pk) as locked:
        for i in range(count):
            record(locked, "log", {"level": "info", "text": f"line {i}", "number": None})
        return locked.seq


async def opened(run, user, after: object = 0) -> Socket:
    socket = Socket(run.pk, user, after)
    connected, _ = await socket.connect()
    assert connected
    assert await socket.frame() == {"type": "hello", "seq": run.seq}
    return socket


async def refused_with(run_id: int, user) -> int:
    socket = Socket(run_id, user)
    assert (await socket.connect())[0]
    return await socket.code()


async def test_strangers_and_signed_out_users_receive_nothing(scene):
    run, _ = scene
    stranger = await sync_to_async(lambda: make_member(make_team(), Role.OWNER))()
    assert await refused_with(run.pk, stranger) == NOT_FOUND
    assert await refused_with(run.pk, AnonymousUser()) == NOT_FOUND
    assert await refused_with(run.pk + 1000, stranger) == NOT_FOUND


async def test_the_socket_of_a_user_who_leaves_the_team_is_closed(scene, settings):
    settings.SOCKET_POLL_SECONDS = 0.2
    run, user = scene
    socket = await opened(run, user, run.seq)
    await sync_to_async(user.memberships.all().delete)()
    assert await socket.code() == NOT_FOUND


async def test_missed_events_are_replayed_before_live_ones(scene, settings):
    settings.SOCKET_POLL_SECONDS = 600  # only notifications
    run, user = scene
    socket = await opened(run, user, 1)
    assert await socket.events_to(run.seq) == list(range(2, run.seq + 1))
    last = await write(run)
    assert await socket.events_to(last) == [last]
    await socket.disconnect()


@pytest.mark.trap(24)
async def test_a_burst_arrives_whole_and_in_order(scene, settings):
    settings.SOCKET_POLL_SECONDS = 600
    run, user = scene
    socket = await opened(run, user, run.seq)
    for _ in range(5):
        last = await write(run, 100)
    assert await socket.events_to(last) == list(range(run.seq + 1, last + 1))
    await socket.disconnect()


async def test_a_lost_notification_loses_no_event(scene, settings, monkeypatch):
    settings.SOCKET_POLL_SECONDS = 0.3
    run, user = scene
    socket = await opened(run, user, run.seq)
    monkeypatch.setattr("webapp.events.recorder.notify", lambda run_id: None)
    last = await write(run, 3)
    assert await socket.events_to(last) == [last - 2, last - 1, last]
    await socket.disconnect()


async def test_a_dead_broker_delays_events_but_keeps_the_socket_open(scene, settings, dead_broker):
    settings.SOCKET_POLL_SECONDS = 0.3
    run, user = scene
    socket = await opened(run, user, run.seq)
    last = await write(run)
    assert await socket.events_to(last) == [last]
    await socket.disconnect()


@pytest.mark.parametrize("after", ["", "abc", "-5", "1e9", "9" * 300, "%00"])
async def test_an_invalid_number_starts_from_the_beginning(scene, after):
    run, user = scene
    socket = await opened(run, user, after)
    assert (await socket.events_to(run.seq))[0] == 1
    await socket.disconnect()


async def test_a_page_too_far_behind_is_reset_and_then_live(scene, settings):
    settings.SOCKET_REPLAY_LIMIT = 50
    run, user = scene
    await write(run, 100)
    await sync_to_async(run.refresh_from_db)()
    socket = await opened(run, user, 1)
    assert await socket.frame() == {"type": "reset"}
    last = await write(run)
    assert await socket.events_to(last) == [last]
    await socket.disconnect()


async def test_a_page_ahead_of_the_run_is_reset(scene):
    run, user = scene
    socket = await opened(run, user, run.seq + 5)
    assert await socket.frame() == {"type": "reset"}
    await socket.disconnect()


async def test_deleted_events_cause_a_reset(scene):
    run, user = scene
    await write(run, 5)
    await sync_to_async(run.refresh_from_db)()
    await sync_to_async(Event.objects.filter(run=run, seq__lt=run.seq - 2).delete)()
    socket = await opened(run, user, 2)
    assert await socket.frame() == {"type": "reset"}
    await socket.disconnect()


async def test_a_number_replaced_by_a_newer_curve_is_not_a_gap(scene):
    run, user = scene

    @sync_to_async
    def curves() -> int:
        with locked_run(run.pk) as locked:
            old = record(locked, "progress", {"number": 0, "curve": []})
            return record(locked, "progress", {"number": 0, "curve": []}, replaces=old.seq).seq

    last = await curves()
    await sync_to_async(run.refresh_from_db)()
    socket = await opened(run, user, last - 2)
    assert await socket.events_to(last) == [last]
    await socket.disconnect()


async def test_unknown_messages_of_a_page_keep_the_socket_open(scene):
    run, user = scene
    socket = await opened(run, user, run.seq)
    for text in ("{", "[1]", "null", '{"type": 3}', "[" * 50_000):
        await socket.send_to(text_data=text)
    await socket.send_to(bytes_data=b"\x00\xff")
    await socket.send_to(text_data='{"type": "ping"}')
    assert await socket.frame() == {"type": "pong"}
    await socket.disconnect()


async def test_a_deleted_run_closes_its_sockets(scene, settings):
    settings.SOCKET_POLL_SECONDS = 0.2
    run, user = scene
    socket = await opened(run, user, run.seq)
    await asyncio.sleep(0.1)
    await sync_to_async(run.delete)()
    assert await socket.code() == NOT_FOUND


@pytest.mark.trap(25)
async def test_sockets_return_their_database_connections(scene):
    run, user = scene

    @sync_to_async
    def connections() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            )
            return cursor.fetchone()[0]

    before = await connections()
    sockets = [await opened(run, user, run.seq) for _ in range(15)]
    last = await write(run)
    for socket in sockets:
        assert await socket.events_to(last) == [last]
    for _ in range(600):
        if await connections() <= before:
            break
        await asyncio.sleep(0.1)
    assert await connections() <= before, "with fifteen sockets open and silent"
    for socket in sockets:
        await socket.disconnect()
