"""Marking views that take uploads; `webapp.site.body_limit` refuses large bodies elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

View = Callable[..., Any]


def accepts_uploads(max_bytes: Callable[[], int]) -> Callable[[View], View]:
    """Mark a view whose requests may have a body of this many bytes, from signed-in users."""

    def mark(view: View) -> View:
        view.max_body_bytes = max_bytes  # type: ignore[attr-defined]
        return view

    return mark
