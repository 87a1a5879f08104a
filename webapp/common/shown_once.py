"""Secrets that a page shows once: kept for the page that follows the form which created them.

The answer to a form redirects, so that neither Back nor a reload sends the form again and creates
a second secret. Until the next page takes the secret, the session stores it encrypted.
"""

from __future__ import annotations

from contextlib import suppress

from django.contrib.sessions.backends.base import SessionBase

from .encryption import CannotDecrypt, decrypt, encrypt

_KEY = "shown_once:{}"


def keep(session: SessionBase, name: str, secret: str) -> None:
    """Keep a secret for the page of this name; it replaces one that was not shown."""
    session[_KEY.format(name)] = encrypt(secret)


def take(session: SessionBase, name: str) -> str:
    """Return the secret for the page of this name, which it forgets; "" if there is none."""
    stored = session.pop(_KEY.format(name), "")
    with suppress(CannotDecrypt):
        return decrypt(stored)
    return ""
