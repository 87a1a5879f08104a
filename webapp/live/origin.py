"""The origin of sockets: pages of this site only."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import OriginValidator, WebsocketDenier
from django.conf import settings


class SameOrigin(OriginValidator):
    """Refuses sockets that pages of other sites open; a malformed origin is refused too."""

    def __init__(self, application: Any):
        super().__init__(application, settings.ALLOWED_HOSTS)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        origins = [value for name, value in scope.get("headers", []) if name == b"origin"]
        if not all(map(_is_address, origins)):
            return await WebsocketDenier()(scope, receive, send)
        return await super().__call__(scope, receive, send)


def _is_address(origin: bytes) -> bool:
    try:
        _ = urlsplit(origin.decode("latin1")).port  # read, because it is parsed on access
    except ValueError:
        return False
    return True
