"""Addresses of sockets."""

from __future__ import annotations

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import path, re_path

from webapp.comments.targets import may_view_target

from .comments import CommentsConsumer
from .consumer import RunConsumer
from .fleet import FleetConsumer, may_watch_fleet
from .notice_menu import NoticeMenuConsumer
from .socket_access import AccessGuard


class UnknownAddress(AsyncWebsocketConsumer):
    """Refuses a socket, as a page that does not exist is refused with 404."""

    channel_layer_alias = "none"  # no such layer, so Channels itself joins no group

    async def connect(self) -> None:
        await self.close()


run_socket: Any = AccessGuard(RunConsumer.as_asgi())  # an ASGI application, not a view
fleet_socket: Any = AccessGuard(FleetConsumer.as_asgi(), lambda user, names: may_watch_fleet(user))
notices_socket: Any = AccessGuard(NoticeMenuConsumer.as_asgi(), lambda user, names: True)
comments_socket: Any = AccessGuard(
    CommentsConsumer.as_asgi(),
    lambda user, names: may_view_target(user, names["kind"], names["pk"]),
)
websocket_urlpatterns = [
    path("ws/notices/", notices_socket),
    path("ws/comments/<str:kind>/<int:pk>/", comments_socket),
    path("ws/fleet/", fleet_socket),
    path("ws/runs/<int:run_id>/", run_socket),
    re_path(r"", UnknownAddress.as_asgi()),
]
