"""Whether an architecture belongs to a concrete space, and the same one in another size."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from ...core.architecture import Architecture, canonical_json
from ...core.errors import InvalidArchitecture
from ...core.settings import from_mapping, to_mapping
from ...core.space import Space


def check_membership(space: Space, architecture: Architecture) -> None:
    """Checks space name and settings of an architecture, not its genome.

    A setting that the architecture does not mention has its default: what was stored
    before a setting existed stays valid.

    Raises:
        InvalidArchitecture: another space, or settings other than this space's own.
    """
    if architecture.space != space.name:
        raise InvalidArchitecture(
            f"{shown(architecture.space)} is not the space {space.name}: "
            "give the architecture to its own space"
        )
    if not isinstance(architecture.config, dict):
        raise InvalidArchitecture(
            f"the config {shown(architecture.config)} is no JSON object: "
            "it holds the space's settings by name"
        )
    own = to_mapping(space.config)
    if architecture.config == own and _written(architecture.config) == _written(own):
        return
    settings = {field.name: _listed(field.default) for field in fields(space.Config)}
    for name in [*settings, *architecture.config]:
        if name not in settings:
            known = ", ".join(settings)
            raise InvalidArchitecture(f"{shown(name)} is no setting of {space.name}: use {known}")
        given = architecture.config.get(name, settings[name])
        expected = own.get(name, settings[name])
        if _written(given) != _written(expected):
            raise InvalidArchitecture(
                f"{name} is {shown(given)} but {shown(expected)} in this space: "
                "use a space of the same settings, or resize the architecture"
            )


def resized(
    config: type,
    architecture: Architecture,
    cells: int | str | None = None,
    channels: int | str | None = None,
    hidden: int | str | None = None,
) -> Architecture:
    """The same genome with other cells, channels or hidden numbers; None keeps what it has.

    `config` is the space's settings class; settings the architecture does not mention
    are filled in with their defaults.

    Raises:
        InvalidSettings: a size outside the bounds of the space's settings.
    """
    changes: dict[str, Any] = {"cells": cells, "channels": channels, "hidden": hidden}
    changes = {name: value for name, value in changes.items() if value is not None}
    settings: Any = from_mapping(config, {**architecture.config, **changes})
    return replace(architecture, config=to_mapping(settings))


def shown(value: Any) -> str:
    """A value as an error shows it: at most 60 characters, whatever it is."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        # An integer of thousands of digits has no text, a deep list none within the stack.
        text = f"a {type(value).__name__} too large to print"
    return text if len(text) <= 60 else text[:57] + "..."


def _listed(value: Any) -> Any:
    """A setting's value as `to_mapping` writes it."""
    return list(value) if isinstance(value, tuple) else value


def _written(value: Any) -> str | None:
    try:
        return canonical_json(value)
    except (TypeError, ValueError, RecursionError):
        return None
