"""Bounded lists of recent rows, for the views and states of strategies."""

from __future__ import annotations

from typing import TypeVar

Row = TypeVar("Row")
MAX_ROWS = 200  # enough for a chart, and small enough to be saved after every ask-tell step


def append_recent(rows: list[Row], row: Row) -> list[Row]:
    """Return a new list with the row at the end and the oldest rows beyond `MAX_ROWS` dropped."""
    return [*rows, row][-MAX_ROWS:]
