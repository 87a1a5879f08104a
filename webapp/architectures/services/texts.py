"""Texts that people write about an entry, checked before they are stored; the history's author."""

from __future__ import annotations

from webapp.accounts.permissions import AnyUser

from ..models import Alias, CatalogueEntry

MAX_CHANGE_REASON = 100  # of simple-history


class Refused(ValueError):
    """The change is not allowed; the text is for users."""


def checked_text(text: str, what: str, limit: int) -> str:
    """Return a text as it is stored, without spaces around it.

    Args:
        text: what was written.
        what: what it is called in messages, as "the note".
        limit: how many characters it may have.

    Raises:
        Refused: it is too long or cannot be stored.
    """
    text = text.replace("\r\n", "\n").strip()
    if len(text) > limit:
        raise Refused(f"{what} must have at most {limit:,} characters (got {len(text):,})")
    if "\0" in text:
        raise Refused(f"{what} must not contain a NUL character: remove it")
    return text


def set_author(row: CatalogueEntry | Alias, user: AnyUser | None, reason: str = "") -> None:
    """Set who changes the row and why, for the history that simple-history writes."""
    author = user if user is not None and user.is_authenticated else None
    setattr(row, "_history_user", author)  # noqa: B010  attributes that only simple-history knows
    if reason:
        setattr(row, "_change_reason", reason[:MAX_CHANGE_REASON])  # noqa: B010
