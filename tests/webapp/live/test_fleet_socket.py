"""The socket of the fleet page: it announces changes without data, to members of any team."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async

from tests.fixtures.factories import make_slot, make_team
from tests.fixtures.people import make_user
from tests.fixtures.sockets import PatientSocket
from webapp.asgi import application
from webapp.live.socket_access import NOT_FOUND
from webapp.runs.services.drains import drain

from .test_socket_access import cookie, signed_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


@pytest.fixture(autouse=True)
def only_notifications(settings):
    """No socket looks again by itself while a test runs."""
    settings.LEASE_SECONDS = settings.SOCKET_ACCESS_SECONDS = 600


async def socket_of(client) -> PatientSocket:
    headers = [(b"origin", b"http://127.0.0.1")]
    if client is not None:
        headers.append((b"cookie", f"sessionid={cookie(client)}".encode()))
    socket = PatientSocket(application, "/ws/fleet/", headers)
    assert (await socket.connect())[0]
    return socket


async def test_a_member_of_any_team_hears_of_a_change_without_data():
    user = await sync_to_async(lambda: make_user("rosa", make_team()))()
    await sync_to_async(make_slot)("gpu-7")
    socket = await socket_of(await sync_to_async(signed_in)(user))
    assert (await socket.receive_json_from())["type"] == "hello"
    assert (await socket.receive_json_from())["type"] == "events"  # joined just now
    await asyncio.sleep(0.3)
    await sync_to_async(drain)("gpu-7", None)
    changed = await socket.receive_json_from()
    assert changed == {"type": "events", "events": [{"kind": "fleet"}]}
    await sync_to_async(user.memberships.all().delete)()
    closed = await socket.receive_output()
    assert (closed["type"], closed["code"]) == ("websocket.close", NOT_FOUND)
    await socket.disconnect()


async def test_the_signed_out_and_people_without_a_team_are_refused():
    without_team = await sync_to_async(lambda: signed_in(make_user("nora")))()
    for client in (None, without_team):
        socket = await socket_of(client)
        closed = await socket.receive_output()
        assert (closed["type"], closed["code"]) == ("websocket.close", NOT_FOUND)
        await socket.disconnect()
