"""Webhooks of a team: signed requests, retries, and a log."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from webapp.accounts.models import Team, User
from webapp.accounts.services import audit
from webapp.common.outgoing import only_permitted_addresses
from webapp.notices.models import Delivery, DeliveryState, NoticeEvent, Webhook

TIMEOUT_SECONDS = 10.0
MAX_FAILURES = 25  # attempts in a row after which a webhook is disabled
PREFIX = "whsec_"


def create(team: Team, user: User, **columns: Any) -> tuple[Webhook, str]:
    """Create a webhook; return it with its secret, which is not shown again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    hook = Webhook.objects.create(team=team, created_by=user, secret=secret, **columns)
    host = urlsplit(hook.url).hostname
    audit.record("webhook", f"created the webhook {hook} to {host}", user=user, team=team)
    return hook, secret


def delete(hook: Webhook, user: User) -> None:
    """Delete a webhook with its log."""
    audit.record("webhook", f"deleted the webhook {hook}", user=user, team=hook.team)
    hook.delete()


def enable(hook: Webhook, user: User) -> None:
    """Use a disabled webhook again."""
    Webhook.objects.filter(pk=hook.pk).update(disabled_at=None, failures=0, reason="")
    audit.record("webhook", f"enabled the webhook {hook}", user=user, team=hook.team)


def resend(delivery: Delivery) -> None:
    """Send a delivery again, now."""
    Delivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.WAITING, due_at=Now(), attempts=0
    )


def body_of(event: NoticeEvent) -> bytes:
    """Return the JSON document of a event."""
    document = {
        "event": event.kind,
        "id": event.pk,
        "at": event.at.isoformat(),
        "team": None if event.team is None else event.team.name,
        "run": event.run_id,
        "text": event.text,
        "url": settings.SITE_URL + event.link,
        "minutes": event.minutes,
    }
    return json.dumps(document).encode()


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Return the value of the header Paretoscope-Signature."""
    digest = hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def post(hook: Webhook, delivery: Delivery) -> int:
    """Send the request of a delivery, and return the status of the answer; follow no redirect.

    Raises:
        OSError: the server cannot be reached, or has an internal address.
        HTTPException: its answer is not HTTP.
    """
    body, now = body_of(delivery.event), int(time.time())
    parts = urlsplit(hook.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Paretoscope",
        "Paretoscope-Event": delivery.event.kind,
        "Paretoscope-Delivery": str(delivery.pk),
        "Paretoscope-Signature": signature(hook.secret, now, body),
    }
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with only_permitted_addresses():
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("POST", path, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()


def note(hook: Webhook, succeeded: bool, why: str = "") -> None:
    """Count failures in a row; disable the webhook after many."""
    rows = Webhook.objects.filter(pk=hook.pk)
    if succeeded:
        rows.update(failures=0)
        return
    rows.update(failures=F("failures") + 1)
    text = f"disabled after {MAX_FAILURES} failed attempts in a row; the last one: {why}"
    rows.filter(failures__gte=MAX_FAILURES, disabled_at=None).update(
        disabled_at=Now(), reason=text[:500]
    )
