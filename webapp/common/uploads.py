"""Which views take uploads; `webapp.site.body_limit` refuses large bodies elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

View = Callable[..., Any]
_by_name: dict[str, Callable[[], int]] = {}


def accepts_uploads(max_bytes: Callable[[], int]) -> Callable[[View], View]:
    """Mark a view whose requests may have a body of this many bytes, from signed-in users."""

    def mark(view: View) -> View:
        view.max_body_bytes = max_bytes  # type: ignore[attr-defined]
        return view

    return mark


def accept_uploads_at(name: str, max_bytes: Callable[[], int]) -> None:
    """Let requests to the address of this name have a body of so many bytes, from known users."""
    _by_name[name] = max_bytes


def max_upload_at(name: str) -> Callable[[], int] | None:
    """Return the limit of `accept_uploads_at`; None if there is none."""
    return _by_name.get(name)
