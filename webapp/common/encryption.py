"""Secrets that the database stores encrypted, with a key made of Django's secret key."""

from __future__ import annotations

import base64
import logging
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from cryptography.fernet import Fernet, MultiFernet  # few processes encrypt anything

log = logging.getLogger(__name__)
PREFIX = "enc1:"  # an encrypted value; texts of earlier versions have none
_PURPOSE = b"paretoscope secrets at rest"


class CannotDecrypt(Exception):
    """The value was encrypted with a secret key that is not known any more."""


def encrypt(text: str) -> str:
    """Return the text encrypted under the present secret key; "" stays empty."""
    return PREFIX + _keys().encrypt(text.encode()).decode() if text else ""


def decrypt(stored: str) -> str:
    """Return the text of a stored value, also of an earlier version that did not encrypt it.

    Raises:
        CannotDecrypt: neither SECRET_KEY nor a key of SECRET_KEY_FALLBACKS encrypted it.
    """
    if not stored.startswith(PREFIX):
        return stored
    from cryptography.fernet import InvalidToken

    try:
        return _keys().decrypt(stored.removeprefix(PREFIX).encode()).decode()
    except InvalidToken:
        raise CannotDecrypt(
            "a stored secret was encrypted with another SECRET_KEY: add that key to "
            "SECRET_KEY_FALLBACKS, or enter the secret again"
        ) from None


def _keys() -> MultiFernet:
    """Return the key of SECRET_KEY, which encrypts, and those that still decrypt."""
    from cryptography.fernet import MultiFernet

    return MultiFernet(
        [_key(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def _key(secret: str) -> Fernet:
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(hashes.SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


class EncryptedField(models.TextField):
    """A text that the database stores encrypted. It cannot be searched.

    A value that no known key encrypted reads as "", so that pages work and ask for it again.
    """

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        """Return the text of a stored value."""
        if value is None:
            return None
        try:
            return decrypt(value)
        except CannotDecrypt as error:
            log.warning("%s: %s", self, error)
            return ""

    def get_prep_value(self, value: Any) -> Any:
        """Return the stored form of a text."""
        return value if value is None else encrypt(str(value))
