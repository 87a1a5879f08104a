"""ASGI entry point: pages over HTTP, events over sockets."""

from __future__ import annotations

import os
import warnings
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.sessions import CookieMiddleware
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
# WhiteNoise serves static files from synchronous iterators; the files are small.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous")
pages: Any = get_asgi_application()

# Imported after the apps are loaded, since the consumer imports models.
from webapp.live.origin import SameOrigin  # noqa: E402
from webapp.live.routing import websocket_urlpatterns  # noqa: E402
from webapp.live.socket_access import SessionUser  # noqa: E402
from webapp.site.body_limit import BodyLimit  # noqa: E402

sockets = SameOrigin(CookieMiddleware(SessionUser(URLRouter(websocket_urlpatterns))))
application = ProtocolTypeRouter({"http": BodyLimit(pages), "websocket": sockets})
