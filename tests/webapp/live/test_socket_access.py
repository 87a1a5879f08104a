"""A socket is closed at once when the right to view its run ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from tests.fixtures.factories import make_run, make_team
from tests.fixtures.people import PASSWORD, make_user
from tests.fixtures.sockets import PatientSocket
from webapp.accounts.models import Membership, Team, User
from webapp.asgi import application
from webapp.live.socket_access import NOT_FOUND, TRY_AGAIN

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
NEW = "another long one 8"


@pytest.fixture(autouse=True)
def only_notifications(settings):
    """No socket checks anything by itself while a test runs."""
    settings.SOCKET_POLL_SECONDS = settings.SOCKET_ACCESS_SECONDS = 600


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def scene():
    """A run, a member of its team, and two browsers in which the member is signed in."""
    team = make_team()
    user = make_user("rosa", team)
    return make_run(team), user, signed_in(user), signed_in(user)


def cookie(client: Client) -> str:
    return client.cookies["sessionid"].value


def socket_at(path: str, cookies: str = "", origin: str = "http://127.0.0.1") -> object:
    headers = [(b"origin", origin.encode("latin1")), (b"cookie", cookies.encode())]
    return PatientSocket(application, path, headers)


async def opened(run, client: Client) -> PatientSocket:
    socket = socket_at(f"/ws/runs/{run.pk}/?after={run.seq}", f"sessionid={cookie(client)}")
    connected, _ = await socket.connect()
    assert connected
    assert (await socket.receive_json_from())["type"] == "hello"
    await asyncio.sleep(0.3)  # until it listens; what happens before is found by the first check
    return socket


async def code(socket: PatientSocket) -> int:
    """Return the code with which the server closes; the application has ended then."""
    message = await socket.receive_output()
    assert message["type"] == "websocket.close"
    await socket.disconnect()
    return message["code"]


async def stays_open(socket: PatientSocket) -> bool:
    await socket.send_to(text_data='{"type": "ping"}')
    return await socket.receive_json_from() == {"type": "pong"}


def change_password(client: Client) -> None:
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert client.post("/account/", form).status_code == 302


def in_the_admin(user, **changed) -> None:
    """Save the account in the admin, as a site administrator."""
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    values = {"username": user.username, "is_active": "on", **changed}
    values = {name: value for name, value in values.items() if value}
    answer = signed_in(boss).post(f"/admin/accounts/user/{user.pk}/change/", values)
    assert answer.status_code == 302


ENDS = {
    "sign-out": lambda user, client: client.post("/sign-out/"),
    "password": lambda user, client: change_password(client),
    "deactivation": lambda user, client: in_the_admin(user, is_active=""),
    "membership": lambda user, client: Membership.objects.filter(user=user).delete(),
    "run": lambda user, client: Team.objects.get(members=user).runs.all().delete(),
    "account": lambda user, client: user.delete(),
    "session": lambda user, client: Session.objects.all().delete(),
}


@pytest.mark.parametrize("end", ENDS)
async def test_a_socket_closes_at_once_when_the_right_ends(scene, end, settings):
    run, user, client, _ = scene
    if end == "run":
        settings.SOCKET_POLL_SECONDS = 0.2  # the consumer finds it at its next reading
    socket = await opened(run, client)
    await sync_to_async(ENDS[end])(user, client)
    assert await code(socket) == NOT_FOUND


async def test_signing_out_closes_only_the_sockets_of_that_browser(scene):
    run, _, first, second = scene
    closed, kept = await opened(run, first), await opened(run, second)
    await sync_to_async(first.post)("/sign-out/")
    assert await code(closed) == NOT_FOUND
    assert await stays_open(kept)
    await kept.disconnect()


async def test_a_new_password_closes_the_sockets_of_every_browser(scene):
    run, _, first, second = scene
    sockets = [await opened(run, first), await opened(run, second)]
    await sync_to_async(change_password)(first)
    assert [await code(socket) for socket in sockets] == [NOT_FOUND, NOT_FOUND]
    again = await opened(run, first)  # that browser got a new session
    await again.disconnect()


async def test_another_role_keeps_the_socket(scene):
    run, user, client, _ = scene
    socket = await opened(run, client)
    membership = await sync_to_async(Membership.objects.get)(user=user)
    membership.role = "viewer"
    await sync_to_async(membership.save)()
    assert await stays_open(socket)
    await socket.disconnect()


@pytest.mark.parametrize("change", ["deactivated", "expired"])
async def test_a_change_without_a_notification_is_found_soon(scene, settings, change):
    settings.SOCKET_ACCESS_SECONDS = 0.2
    run, user, client, _ = scene
    socket = await opened(run, client)

    @sync_to_async
    def behind_the_back() -> None:
        if change == "deactivated":
            User.objects.filter(pk=user.pk).update(is_active=False)
        else:
            Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    await behind_the_back()
    assert await code(socket) == NOT_FOUND


async def test_without_a_broker_the_check_still_closes(scene, settings, dead_broker):
    settings.SOCKET_ACCESS_SECONDS = 0.2
    run, _, client, _ = scene
    socket = await opened(run, client)
    await sync_to_async(client.post)("/sign-out/")
    assert await code(socket) == NOT_FOUND


async def test_a_check_that_fails_closes_the_socket(scene, settings, monkeypatch):
    def broken(*_: object) -> bool:
        raise RuntimeError("a bug")

    settings.SOCKET_ACCESS_SECONDS = 0.2
    run, _, client, _ = scene
    socket = await opened(run, client)
    monkeypatch.setattr("webapp.live.socket_access._may_watch", broken)
    assert await code(socket) == TRY_AGAIN


@pytest.mark.parametrize(
    "path", ["/ws/", "/ws/runs/x/", "/", "/ws/runs/1", "/ws/runs/" + "9" * 5000 + "/", "/%00"]
)
async def test_an_unknown_address_is_refused(scene, path):
    _, _, client, _ = scene
    socket = socket_at(path, f"sessionid={cookie(client)}")
    assert (await socket.connect())[0] is False


@pytest.mark.parametrize("origin", ["http://[", "http://x:y", "https://evil.test", "\xff", "null"])
async def test_a_foreign_or_malformed_origin_is_refused(scene, origin):
    run, _, client, _ = scene
    socket = socket_at(f"/ws/runs/{run.pk}/", f"sessionid={cookie(client)}", origin)
    assert (await socket.connect())[0] is False


@pytest.mark.parametrize(
    "cookies", ["", "sessionid=x", 'sessionid="\\000"', "sessionid=" + "x" * 9999]
)
async def test_a_malformed_session_is_that_of_a_signed_out_user(scene, cookies):
    run = scene[0]
    socket = socket_at(f"/ws/runs/{run.pk}/", cookies)
    assert (await socket.connect())[0]
    assert await code(socket) == NOT_FOUND


@pytest.mark.parametrize("run_id", ["0", "9" * 18, "9" * 400])
async def test_the_number_of_no_run_is_not_found(scene, run_id):
    _, _, client, _ = scene
    socket = socket_at(f"/ws/runs/{run_id}/", f"sessionid={cookie(client)}")
    assert (await socket.connect())[0]
    assert await code(socket) == NOT_FOUND
