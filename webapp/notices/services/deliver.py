"""Sending mails, chat messages and webhooks that are due, with retries."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from http.client import HTTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import connections
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from webapp.accounts.models import Team
from webapp.limits import MAX_REASON
from webapp.notices.models import Delivery, DeliveryState, Place

from . import webhooks
from .chat import NotSent, permitted_schemes, schemes_of, send_chat
from .choices import settings_of

log = logging.getLogger(__name__)
# Seconds until the next attempt, after each failed one; then the delivery has failed.
BACKOFF = (30, 120, 600, 3600, 21_600)
TAKEN_SECONDS = 120  # in which a process that took a delivery must have tried it
MAX_AT_ONCE = 100
FINE = range(200, 300)
_busy = threading.Lock()


def due() -> QuerySet[Delivery]:
    """Return the deliveries that are due, those that are due longest first."""
    waiting = Delivery.objects.filter(state=DeliveryState.WAITING, due_at__lte=Now())
    return waiting.order_by("due_at", "pk")


def start_delivering() -> None:
    """Deliver what is due in a thread, unless this process does so already.

    Servers of mail and chat may be slow; the coordinator advances runs meanwhile.
    """
    if _busy.acquire(blocking=False):
        threading.Thread(target=_deliver_and_close, name="deliveries", daemon=True).start()


def _deliver_and_close() -> None:
    try:
        while deliver_due():
            pass
    except Exception:
        log.exception("deliveries were interrupted; the next sweep continues")
    finally:
        _busy.release()
        connections.close_all()


def deliver_due() -> int:
    """Try the deliveries that are due; return how many were tried.

    A process takes one by moving `due_at` on in one UPDATE, so no other process sends it too.
    """
    tried = 0
    for pk in list(due().values_list("pk", flat=True)[:MAX_AT_ONCE]):
        later = Now() + timedelta(seconds=TAKEN_SECONDS)
        if due().filter(pk=pk).order_by().update(due_at=later, attempts=F("attempts") + 1):
            rows = Delivery.objects.select_related("event__team", "user", "webhook")
            _try(rows.get(pk=pk))
            tried += 1
    return tried


def _try(delivery: Delivery) -> None:
    """Send one delivery, and store how that went."""
    code, error = None, ""
    try:
        if delivery.place == Place.WEBHOOK:
            code = _to_webhook(delivery)
            error = "" if code in FINE else f"the server answered {code}"
        elif delivery.place == Place.MAIL:
            _to_mail(delivery)
        else:
            _to_chat(delivery)
    except (NotSent, OSError, HTTPException, ValueError) as refused:
        error = str(refused) or type(refused).__name__
    if delivery.webhook is not None:
        webhooks.note(delivery.webhook, not error, error)
    _store(delivery, code, error)


def _store(delivery: Delivery, code: int | None, error: str) -> None:
    delivery.code, delivery.error, delivery.tried_at = code, error[:MAX_REASON], Now()
    if not error:
        delivery.state = DeliveryState.SENT
    elif delivery.attempts > len(BACKOFF):
        delivery.state = DeliveryState.FAILED
    else:
        delivery.due_at = Now() + timedelta(seconds=BACKOFF[delivery.attempts - 1])
    fields = ["code", "error", "tried_at", "state"]
    retried = ["due_at"] if error and delivery.state == DeliveryState.WAITING else []
    delivery.save(update_fields=[*fields, *retried])


def _to_webhook(delivery: Delivery) -> int:
    hook = delivery.webhook
    if hook is None or hook.disabled_at is not None:
        raise NotSent("the webhook is disabled")
    if not hook.secret:
        raise NotSent("SECRET_KEY has changed, so its secret is lost: create the webhook again")
    return webhooks.post(hook, delivery)


def _to_mail(delivery: Delivery) -> None:
    if not settings.EMAIL_HOST:
        raise NotSent("no mail server is set; an administrator sets EMAIL_HOST")
    if delivery.user is None or not delivery.user.email:
        raise NotSent("the account has no mail address")
    event = delivery.event
    body = f"{event.text}\n\n{settings.SITE_URL}{event.link}\n\n"
    body += f"You chose this notice: {settings.SITE_URL}/notices/settings\n"
    send_mail(f"[Paretoscope] {event.text}"[:150], body, None, [delivery.user.email])


def _to_chat(delivery: Delivery) -> None:
    user, event = delivery.user, delivery.event
    if user is None:
        raise NotSent("the account was deleted")
    team: Team | None = event.team
    permitted = permitted_schemes(user) if team is None else set(schemes_of(team))
    text = f"{event.text}\n{settings.SITE_URL}{event.link}"
    send_chat(settings_of(user).chat_address, "Paretoscope", text, permitted)
