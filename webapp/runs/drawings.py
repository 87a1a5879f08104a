"""Drawings and one-line texts of stored architectures, made by their space."""

from __future__ import annotations

from typing import Any

from nasengine import catalog
from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError
from nasengine.core.settings import from_mapping
from nasengine.core.space import Space

from .imported import IMPORTED


def space_of(architecture: Architecture) -> Space:
    """Return the space of an architecture with its settings.

    Raises:
        EngineError: the space is unknown, or its stored settings are no longer allowed.
    """
    space = catalog.load("spaces", architecture.space)
    return space(from_mapping(space.Config, architecture.config))


def no_network_of(value: dict[str, Any]) -> str:
    """Return why an architecture is no network that can be trained; empty if it is one."""
    try:
        space = catalog.load("spaces", value["space"])
    except EngineError:
        return ""
    return "" if space.builds_networks else str(space.no_network())


def drawing(value: dict[str, Any]) -> dict[str, Any] | None:
    """Return the drawing (docs/graphs.md) of an architecture; None if no space can read it."""
    architecture = Architecture.from_json(value)
    try:
        return space_of(architecture).graph(architecture)
    except EngineError:
        return None


def derived_from(value: dict[str, Any], findings: dict[str, Any]) -> dict[str, Any] | None:
    """Return the architecture that a weight-sharing search would derive now, as JSON.

    Args:
        value: the supernet as JSON.
        findings: the result of the latest supernet step. Without alphas or a best
            architecture in it, the function returns None.
    """
    supernet = Architecture.from_json(value)
    try:
        if "alphas" in findings:
            return space_of(supernet).discretise(findings["alphas"]).to_json()
        if "best" in findings:
            return Architecture(supernet.space, supernet.config, findings["best"]).to_json()
    except (EngineError, TypeError):
        return None
    return None


def text_of(value: dict[str, Any]) -> str:
    """Return the architecture in one line as papers write it; part of its id if unreadable."""
    architecture = Architecture.from_json(value)
    if architecture.space == IMPORTED:
        return ", ".join(f"{name} {choice}" for name, choice in sorted(architecture.genome.items()))
    try:
        return space_of(architecture).text(architecture)
    except EngineError:
        return architecture.id[:12]
