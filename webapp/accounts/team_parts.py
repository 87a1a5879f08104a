"""Parts that other apps add to the team page, such as what searches cost.

An app registers its parts when it is loaded, so that this app needs none of those above it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .requests import TeamRequest


@dataclass(frozen=True)
class TeamPart:
    """A part of the team page: its template and what the template needs."""

    template: str
    context: dict[str, Any]


MakePart = Callable[[TeamRequest], TeamPart | None]
_parts: list[tuple[int, MakePart]] = []


def add_part(order: int, make: MakePart) -> None:
    """Add a part; those with a smaller `order` come first, and None shows nothing."""
    _parts.append((order, make))
    _parts.sort(key=lambda part: part[0])


def parts_of(request: TeamRequest) -> list[TeamPart]:
    """Return the parts of the current team's page."""
    made = (make(request) for _, make in _parts)
    return [part for part in made if part is not None]
