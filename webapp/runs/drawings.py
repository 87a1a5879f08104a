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


def leaning(value: dict[str, Any], findings: dict[str, Any]) -> dict[str, Any] | None:
    """What a search with shared weights would derive by a step's findings, as JSON.

    `value` is the shared network's JSON. None where the findings say nothing about it.
    """
    shared = Architecture.from_json(value)
    try:
        if "alphas" in findings:
            return space_of(shared).discretise(findings["alphas"]).to_json()
        if "best" in findings:
            return Architecture(shared.space, shared.config, findings["best"]).to_json()
    except (EngineError, TypeError):
        return None
    return None


def text_of(value: dict[str, Any]) -> str:
    """One line as people of the field write it; the id's beginning if no space reads it."""
    architecture = Architecture.from_json(value)
    try:
        return space_of(architecture).text(architecture)
    except EngineError:
        return architecture.id[:12]
