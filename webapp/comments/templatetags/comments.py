"""Template tags of comments."""

from __future__ import annotations

from typing import Any

from django import template

from webapp.comments.targets import COLUMNS
from webapp.comments.threads import count_of

register = template.Library()


@register.inclusion_tag("comments/loading.html")
def comments(kind: str, pk: int, trigger: str = "load") -> dict[str, Any]:
    """Render the place of the comments of a thing; they are loaded at the event `trigger`."""
    return {"kind": kind, "pk": pk, "trigger": trigger}


@register.simple_tag
def comment_count(kind: str, pk: int) -> str:
    """Return the number of comments in brackets, "" if there are none."""
    count = count_of({f"{COLUMNS[kind]}_id": pk})
    return f" ({count})" if count else ""
