"""Checks that an architecture belongs to a space, and copies of it in another size."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from ...core.architecture import Architecture, canonical_json
from ...core.errors import InvalidArchitecture
from ...core.settings import from_mapping, to_mapping
from ...core.space import Space
from ...core.text import shorten


def check_membership(space: Space, architecture: Architecture) -> None:
    """Check the space name and the settings of an architecture, not its genome.

    A setting that the architecture does not mention has its default, so architectures stored
    before a setting was introduced stay valid.

    Raises:
        InvalidArchitecture: the space differs, or a setting differs from the space's own.
    """
    if architecture.space != space.name:
        raise InvalidArchitecture(
            f"the space of the architecture is {shorten(architecture.space)}, "
            f"but this space is {space.name}: use the architecture's own space"
        )
    if not isinstance(architecture.config, dict):
        raise InvalidArchitecture(
            f"the config is {shorten(architecture.config)}: "
            "it must be a JSON object of the space's settings by name"
        )
    own = to_mapping(space.config)
    if architecture.config == own and _json(architecture.config) == _json(own):
        return
    defaults = {field.name: _plain(field.default) for field in fields(space.Config)}
    for name in [*defaults, *architecture.config]:
        if name not in defaults:
            raise InvalidArchitecture(
                f"{shorten(name)} is not a setting of {space.name}: "
                f"choose one of {', '.join(defaults)}"
            )
        value = architecture.config.get(name, defaults[name])
        expected = own.get(name, defaults[name])  # `to_mapping` may leave defaults out
        if _json(value) != _json(expected):
            raise InvalidArchitecture(
                f"{name} is {shorten(value)}, but this space has {shorten(expected)}: "
                "use a space with the same settings, or resize the architecture"
            )


def resized(
    config: type,
    architecture: Architecture,
    cells: int | str | None = None,
    channels: int | str | None = None,
    hidden: int | str | None = None,
) -> Architecture:
    """Return the same genome with other `cells`, `channels` or `hidden` settings.

    Args:
        config: The settings class of the space. Settings that the architecture does not mention
            get their defaults.
        architecture: The architecture to copy.
        cells: New value, None to keep the present one; the same for the other two.

    Raises:
        InvalidSettings: a value is outside the bounds of the setting.
    """
    sizes: dict[str, Any] = {"cells": cells, "channels": channels, "hidden": hidden}
    changes = {name: value for name, value in sizes.items() if value is not None}
    settings: Any = from_mapping(config, {**architecture.config, **changes})
    return replace(architecture, config=to_mapping(settings))


def _plain(value: Any) -> Any:
    """Return the value of a setting as `to_mapping` writes it."""
    return list(value) if isinstance(value, tuple) else value


def _json(value: Any) -> str | None:
    """Return the canonical JSON text, which keeps 1, 1.0 and true apart; None if there is none."""
    try:
        return canonical_json(value)
    except (TypeError, ValueError, RecursionError):
        return None
