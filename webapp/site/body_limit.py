"""Limits of request bodies, applied before anything is stored.

Django reads a body to the end, into memory and then into a file, before any view or middleware
decides whether the request is allowed. This ASGI layer decides first: small bodies always, forms of
signed-in users, and uploads only at addresses that take them.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError
from django.http import parse_cookie
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve

from webapp.accounts.sessions import user_of_session
from webapp.api.services.tokens import token_of
from webapp.common.problems import problem
from webapp.common.uploads import max_upload_at
from webapp.limits import MAX_FORM_BYTES, MAX_SIGNED_OUT_BYTES, MAX_SKIPPED_BYTES

log = logging.getLogger(__name__)
API = "/api/"
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class TooLarge(Exception):
    """The body is larger than this request may have."""


class BodyLimit:
    """Answers 413 to a request whose body is too large, without storing the body."""

    def __init__(self, app: Application):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        size = headers.get(b"content-length", b"" if b"transfer-encoding" in headers else b"0")
        if size.isdigit() and int(size[:20]) <= MAX_SIGNED_OUT_BYTES:
            await self.app(scope, receive, send)
            return
        signed_in, limit = await _limit(scope, headers)
        body = _Body(receive, limit)
        try:
            if size.isdigit() and int(size[:20]) > limit:
                raise TooLarge
            await self.app(scope, body.receive, send)
        except TooLarge:
            if signed_in:  # a browser shows the answer only after it has sent everything
                await body.skip()
            await _refuse(send, scope["path"].startswith(API))


class _Body:
    def __init__(self, receive: Receive, limit: int):
        self._receive = receive
        self._limit = limit
        self._more = True
        self.seen = 0

    async def receive(self) -> dict[str, Any]:
        """Return the next message.

        Raises:
            TooLarge: the body is larger than the limit.
        """
        message = await self._next()
        if self.seen > self._limit:
            raise TooLarge
        return message

    async def skip(self) -> None:
        """Drop the rest of the body, at most MAX_SKIPPED_BYTES."""
        while self._more and self.seen < MAX_SKIPPED_BYTES:
            await self._next()

    async def _next(self) -> dict[str, Any]:
        message = await self._receive()
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        self.seen += len(message.get("body", b""))
        return message


async def _limit(scope: Scope, headers: dict[bytes, bytes]) -> tuple[bool, int]:
    """Return whether the sender is known, and the largest body of this request."""
    cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin1"))
    key = cookies.get(settings.SESSION_COOKIE_NAME, "")
    token = headers.get(b"authorization", b"").decode("latin1").partition("Bearer ")[2].strip()
    try:
        user = await database_sync_to_async(_person, thread_sensitive=False)(key, token)
    except DatabaseError as error:
        log.warning("a session could not be read (%s)", error)
        user = None
    if user is None:
        return False, MAX_SIGNED_OUT_BYTES
    try:
        found = resolve(scope["path"])
    except Resolver404:
        return True, MAX_FORM_BYTES
    max_bytes = getattr(found.func, "max_body_bytes", None) or max_upload_at(found.view_name)
    return True, max_bytes() if max_bytes else MAX_FORM_BYTES


def _person(session: str, token: str) -> Any:
    """Return who sends a request: the person of a session or of an API token; else None."""
    if token:
        found = token_of(token)
        return found.user if found is not None else None
    return user_of_session(session)


async def _refuse(send: Send, to_a_program: bool) -> None:
    page, kind = render_to_string("413.html").encode(), b"text/html; charset=utf-8"
    if to_a_program:
        answer = problem(413, "The body of the request is larger than this address takes.")
        page, kind = answer.content, answer["Content-Type"].encode()
    headers = [(b"content-type", kind), (b"connection", b"close")]
    headers += [(b"content-length", str(len(page)).encode())]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": page})
