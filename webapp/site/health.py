"""Whether the servers answer, with short timeouts."""

from __future__ import annotations

import redis
from django.conf import settings
from django.db import DatabaseError, connection

from webapp.environment import addresses

BROKER_TIMEOUT_SECONDS = 0.5


def database_answers() -> bool:
    """Return whether PostgreSQL answers a query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def broker_answers() -> bool:
    """Return whether Valkey answers a PING, at one of its addresses."""
    return any(map(_answers, addresses(settings.BROKER_URL)))


def _answers(address: str) -> bool:
    client = redis.Redis.from_url(
        address,
        socket_timeout=BROKER_TIMEOUT_SECONDS,
        socket_connect_timeout=BROKER_TIMEOUT_SECONDS,
    )
    try:
        return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
    finally:
        client.close()
