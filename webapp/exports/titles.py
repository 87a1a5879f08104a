"""Titles of targets."""

from __future__ import annotations

from nasengine import catalog
from nasengine.core.errors import EngineError


def target_title(name: str) -> str:
    """Return the title of a target; its name if the catalogue does not have it any more."""
    try:
        return str(catalog.load("targets", name).title)
    except EngineError:
        return name
