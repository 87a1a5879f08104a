"""ASGI entry point: pages over HTTP, events over sockets."""

from __future__ import annotations

import os
import warnings
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.sessions import CookieMiddleware
from django.core.asgi import get_asgi_application

from webapp.common import telemetry

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")


def waiting_by_queue() -> dict[str, int]:
    """Return how much work waits, by queue."""
    from webapp.fleet.queues import waiting_by_queue as waiting  # it needs the models

    return waiting()


# WhiteNoise serves static files from synchronous iterators; the files are small.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous")
telemetry.start("paretoscope-web", waiting_by_queue)  # before middleware is loaded
pages: Any = get_asgi_application()

# Imported after the apps are loaded, since the consumer imports models.
from webapp.live.origin import SameOrigin  # noqa: E402
from webapp.live.routing import websocket_urlpatterns  # noqa: E402
from webapp.live.socket_access import SessionUser  # noqa: E402
from webapp.site.body_limit import BodyLimit  # noqa: E402

sockets = SameOrigin(CookieMiddleware(SessionUser(URLRouter(websocket_urlpatterns))))
application = ProtocolTypeRouter({"http": BodyLimit(pages), "websocket": sockets})
