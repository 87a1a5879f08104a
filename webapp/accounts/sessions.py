"""The user of a session, read from the database without changing it."""

from __future__ import annotations

import re

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import ValidationError
from django.utils.crypto import constant_time_compare

from .models import User

KEY = re.compile(r"[a-z0-9]{8,40}", re.ASCII)


def user_of_session(key: str) -> User | None:
    """Return the active user who is signed in with this session key.

    None if the session was deleted or has expired, or if the account was deactivated, deleted or
    got another password since the sign-in.
    """
    if not KEY.fullmatch(key):
        return None
    data = SessionStore(key).load()
    if data.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        user_id = User._meta.pk.to_python(data.get(SESSION_KEY))
    except ValidationError:
        return None
    user = User.objects.filter(pk=user_id, is_active=True).first()
    return user if user is not None and _signed_by(user, data.get(HASH_SESSION_KEY, "")) else None


def _signed_by(user: User, stored: str) -> bool:
    """Return whether the session was signed with the user's current password."""
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(stored, valid) for valid in hashes)
