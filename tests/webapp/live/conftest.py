"""A broker that does not answer, for the tests of sockets."""

from __future__ import annotations

import pytest


@pytest.fixture
def dead_broker(settings, monkeypatch):
    """Let no notification arrive; the failures hold back none of a later test."""
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]},
        }
    }
    for module in ("webapp.events.recorder", "webapp.runs.services.fleet_news"):
        monkeypatch.setattr(f"{module}.QUIET_SECONDS", 0.0)
