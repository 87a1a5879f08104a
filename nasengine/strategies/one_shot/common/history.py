"""The bounded history of snapshots that the page of a one-shot search scrolls through."""

from __future__ import annotations

from typing import Any

MAX_SNAPSHOTS = 60


def thinned(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Drop every other snapshot once there are more than 60; the latest always stays.

    So a long search keeps a history of its whole length.
    """
    if len(history) <= MAX_SNAPSHOTS:
        return history
    last = len(history) - 1
    return [snapshot for index, snapshot in enumerate(history) if (last - index) % 2 == 0]
