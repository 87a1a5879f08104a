"""Access of sockets: who opens one, and closing it as soon as the right to it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import Error as DatabaseError

from webapp.accounts.access_changes import access_group
from webapp.accounts.models import User
from webapp.accounts.sessions import user_of_session

from .backlog import visible_run
from .notification import Subscription
from .queries import query

log = logging.getLogger(__name__)
NOT_FOUND = 4404  # the same for strangers, signed-out users and missing runs
TRY_AGAIN = 1013

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
MayView = Callable[[User, dict[str, Any]], bool]


class SessionUser:
    """Sets scope["user"] and scope["session_key"] from the session cookie; reads only."""

    def __init__(self, app: Application):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = scope["cookies"].get(settings.SESSION_COOKIE_NAME, "")
        try:
            user = await query(user_of_session, key)
        except DatabaseError as error:
            log.warning("socket refused: its session could not be read (%s)", error)
            await send({"type": "websocket.close", "code": TRY_AGAIN})
            return
        found = {"user": user or AnonymousUser(), "session_key": key}
        await self.app({**scope, **found}, receive, send)


def _may_view_run(user: User, names: dict[str, Any]) -> bool:
    return visible_run(user, names["run_id"]) is not None


class AccessGuard:
    """Closes a socket when its user may no longer view its page, as that of a run.

    That is after a sign-out, a change of the password, a deactivation or deletion of the account,
    and the loss of the membership. A notification triggers the check, which reads the database; a
    time limit triggers it if notifications are lost.

    Args:
        app: the socket.
        may_view: whether a user may view the page, from the names in the address of the socket.
    """

    def __init__(self, app: Application, may_view: MayView = _may_view_run):
        self.app = app
        self.may_view = may_view

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gate = _Gate(send)
        watch = asyncio.create_task(_watch(scope, gate, self.may_view))
        try:
            await self.app(scope, receive, gate.send)
        finally:
            watch.cancel()
            await asyncio.wait([watch], timeout=2.0)


class _Gate:
    """The sending side of a socket; nothing passes after it was closed by either side."""

    def __init__(self, send: Send):
        self._send = send
        self._closed = False
        self.accepted = asyncio.Event()

    async def send(self, message: dict[str, Any]) -> None:
        if self._closed:
            return
        self._closed = message["type"] == "websocket.close"
        try:
            await self._send(message)
        except OSError:  # the tab is gone; the application receives a disconnect
            self._closed = True
        if message["type"] == "websocket.accept":
            self.accepted.set()


async def _watch(scope: Scope, gate: _Gate, may_view: MayView) -> None:
    """Close the socket once the check fails; return then."""
    user, key = scope["user"], scope.get("session_key")
    names = scope["url_route"]["kwargs"]
    if not user.is_authenticated:
        return  # the consumer refuses it
    await gate.accepted.wait()
    subscription = Subscription(access_group(user.pk))
    try:
        await subscription.join()
        while await query(_may_watch, user.pk, key, names, may_view):
            await subscription.wait(settings.SOCKET_ACCESS_SECONDS)
        await gate.send({"type": "websocket.close", "code": NOT_FOUND})
    except Exception:  # without checks the socket must not stay open; the page opens another
        log.exception("access to %s could not be watched", scope["path"])
        await gate.send({"type": "websocket.close", "code": TRY_AGAIN})
    finally:
        await subscription.leave()


def _may_watch(
    user_id: int, session_key: str | None, names: dict[str, Any], may_view: MayView
) -> bool:
    """Return whether the user is still signed in and may view the page.

    True while the database does not answer: then there is nothing to send either.
    """
    try:
        if session_key is None:  # opened without a cookie, in tests
            user = User.objects.filter(pk=user_id, is_active=True).first()
        else:
            user = user_of_session(session_key)
        return user is not None and user.pk == user_id and may_view(user, names)
    except DatabaseError as error:
        log.warning("access of an open socket could not be checked (%s)", error)
        return True
