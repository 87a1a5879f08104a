"""Drawings and one-line texts of stored architectures, made by their own space."""

from __future__ import annotations

from typing import Any

from nasengine import catalog
from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError
from nasengine.core.settings import from_mapping
from nasengine.core.space import Space


def space_of(architecture: Architecture) -> Space:
    """The space that can read an architecture.

    Raises:
        EngineError: the space is unknown, or its stored settings are no longer allowed.
    """
    space = catalog.load("spaces", architecture.space)
    return space(from_mapping(space.Config, architecture.config))


def drawing(value: dict[str, Any]) -> dict[str, Any] | None:
    """The drawing (docs/graphs.md) of an architecture's JSON; None if no space reads it."""
    architecture = Architecture.from_json(value)
    try:
        return space_of(architecture).graph(architecture)
    except EngineError:
        return None


def text_of(value: dict[str, Any]) -> str:
    """One line as people of the field write it; the id's beginning if no space reads it."""
    architecture = Architecture.from_json(value)
    try:
        return space_of(architecture).text(architecture)
    except EngineError:
        return architecture.id[:12]
