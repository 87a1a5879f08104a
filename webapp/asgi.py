"""ASGI entry point: pages over HTTP, events over sockets."""

from __future__ import annotations

import os
import warnings

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
# WhiteNoise serves static files from synchronous iterators; the files are small.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous")
pages = get_asgi_application()

# Imported after the apps are loaded, since the consumer imports models.
from webapp.live.routing import websocket_urlpatterns  # noqa: E402

sockets = AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
application = ProtocolTypeRouter({"http": pages, "websocket": sockets})
