"""Pages by cursor: the next page begins after the last row, whatever is added meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import QuerySet
from ninja.errors import HttpError

R = TypeVar("R", bound=Any)


def page_of(
    rows: QuerySet[R], key: str, cursor: str, limit: int, to_items: Callable[[list[R]], list]
) -> dict[str, Any]:
    """Return one page and the cursor of the next one.

    Args:
        rows: all rows, not sorted.
        key: the unique column to sort by; "-pk" for the newest first.
        cursor: `next` of the previous page, "" for the first one.
        limit: number of rows.
        to_items: makes the answer of the rows of one page.

    Raises:
        HttpError: the cursor is none.
    """
    column = key.removeprefix("-")
    if cursor:
        side = "lt" if key.startswith("-") else "gt"
        rows = rows.filter(**{f"{column}__{side}": cursor_number(cursor)})
    found = list(rows.order_by(key)[: limit + 1])
    shown = found[:limit]
    last = str(getattr(shown[-1], column)) if len(found) > limit else None
    return {"items": to_items(shown), "next": last}


def cursor_number(cursor: str) -> int:
    """Return the number that a cursor is.

    Raises:
        HttpError: it is none.
    """
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise HttpError(422, f"it must be a number that an earlier answer gave (got {cursor!r})")
    return int(cursor)
