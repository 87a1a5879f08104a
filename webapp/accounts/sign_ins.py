"""Sign-ins and sign-outs in the audit trail, whatever their path: page, admin, single sign-on."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

from .models import User
from .services import audit


def connect() -> None:
    """Connect the signals; called once, when the application is loaded."""
    user_logged_in.connect(_signed_in, dispatch_uid="audit of sign-ins")
    user_logged_out.connect(_signed_out, dispatch_uid="audit of sign-outs")
    user_login_failed.connect(_failed, dispatch_uid="audit of failed sign-ins")


def _signed_in(user: Any, **_: Any) -> None:
    audit.record("sign-in", "signed in", user=user)


def _signed_out(user: Any, **_: Any) -> None:
    if user is not None:
        audit.record("sign-in", "signed out", user=user)


def _failed(credentials: dict[str, Any], **_: Any) -> None:
    """Record a wrong password of an account for its teams; unknown names concern no team."""
    name = str(credentials.get("username", ""))[:150]
    user = User.objects.filter(username=name).first() if "\0" not in name else None
    if user is not None:
        audit.record("sign-in", "was refused: wrong password", user=user)
