"""Secret tokens of programs: their text is shown once, and only its SHA-256 is stored.

A token has 256 random bits, so a fast hash is safe.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Now

RANDOM_BYTES = 32
HINT_LENGTH = 4
MAX_TOKEN = 200
USE_STORED_EVERY = timedelta(seconds=30)
T = TypeVar("T", bound=Model)


def new_token(prefix: str) -> tuple[str, dict[str, str]]:
    """Return the text of a new token, and the columns `digest` and `hint` of its row.

    Args:
        prefix: the start of the text, so that secret scanners and people recognize it.
    """
    text = prefix + secrets.token_urlsafe(RANDOM_BYTES)
    return text, {"digest": _digest(text), "hint": text[-HINT_LENGTH:]}


def used_token(valid: QuerySet[T], text: str) -> T | None:
    """Return the token with this text among the valid ones, and note its use.

    None if there is none. `last_used` is exact to half a minute.
    """
    found = token_with(valid, text)
    if found is not None:
        unused = Q(last_used=None) | Q(last_used__lt=Now() - USE_STORED_EVERY)
        rows: Any = type(found)._default_manager
        rows.filter(unused, pk=found.pk).update(last_used=Now())
    return found


def token_with(valid: QuerySet[T], text: str) -> T | None:
    """Return the token with this text among the valid ones; None if there is none."""
    return None if len(text) > MAX_TOKEN else valid.filter(digest=_digest(text)).first()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", errors="replace")).hexdigest()
