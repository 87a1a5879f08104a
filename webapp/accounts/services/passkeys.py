"""Passkeys of people: add, remove, sign in. django-allauth and fido2 check the signatures."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import QuerySet

from webapp.accounts.models import User

from . import audit

MAX_PASSKEYS = 20


def passkeys_of(user: Any) -> QuerySet[Authenticator]:
    """Return the passkeys of a user, oldest first."""
    rows = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.WEBAUTHN)
    return rows.order_by("pk")


def new_options(user: User) -> dict[str, Any]:
    """Return what a browser needs to create a passkey; the challenge is kept in the session."""
    from allauth.mfa.webauthn.internal import auth  # it loads fido2, which few requests need

    return auth.begin_registration(user, True)


def sign_in_options() -> dict[str, Any]:
    """Return what a browser needs to sign in; the challenge is kept in the session."""
    from allauth.mfa.webauthn.internal import auth

    return auth.begin_authentication(user=None)


@transaction.atomic
def add(user: User, name: str, credential: dict[str, Any]) -> None:
    """Store a passkey whose form is valid."""
    from allauth.mfa.webauthn.internal import auth

    auth.WebAuthn.add(user, name, credential)
    audit.record("account", f"added the passkey {name}", user=user)


@transaction.atomic
def remove(user: User, pk: int) -> bool:
    """Remove a passkey of the user; return False if there is none."""
    found = passkeys_of(user).filter(pk=pk).first()
    if found is None:
        return False
    audit.record("account", f"removed the passkey {found.wrap().name}", user=user)
    found.delete()
    return True
