"""The size of a network in a final training: cells and channels, and what its protocol asks for."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ..catalog import load
from ..core.architecture import Architecture
from ..core.errors import EngineError, InvalidArchitecture, InvalidSettings
from ..core.protocol import Protocol
from ..core.settings import from_mapping, to_mapping
from ..spaces.common.stacking import Stacked
from .building import space_of

SIZES = ("cells", "channels", "hidden")


def scaled(
    architecture: Architecture,
    protocol: Protocol,
    cells: int | None = None,
    channels: int | None = None,
) -> tuple[Architecture, Protocol]:
    """Return the architecture in the size of a training, and the protocol that this is.

    The protocol's size is meant for stacks of normal and reduction cells, and for recurrent
    cells; networks of other spaces keep their own size. A size that differs from that of the
    protocol makes another protocol, whose name says so.

    Args:
        architecture: In any size.
        protocol: Its setting `network` has the size of the paper.
        cells: Number of cells instead; None: that of the protocol, else the network's own.
        channels: Number of channels instead; None: likewise.

    Raises:
        EngineError: the space has no such setting, or a value is out of its bounds.
    """
    config = load("spaces", architecture.space).Config
    known = [field.name for field in fields(config)]
    typed = {"cells": cells, "channels": channels}
    asked: dict[str, Any] = {name: value for name, value in typed.items() if value is not None}
    for name, value in asked.items():
        if name not in known:
            sizes = ", ".join(size for size in SIZES if size in known) or "no size"
            raise EngineError(
                f"{name} {value} cannot be set: networks of the space {architecture.space} have "
                f"the settings of size: {sizes}; the rest of the size is part of the architecture"
            )
    fits = protocol.network if _has_size_of_papers(config, protocol) else {}
    changes = {name: value for name, value in asked.items() if fits.get(name, value) != value}
    values = {**architecture.config, **fits, **asked}
    if values != architecture.config:
        try:
            settings = to_mapping(from_mapping(config, values))
            architecture = Architecture(architecture.space, settings, architecture.genome)
            space_of(architecture).validate(architecture)
        except (InvalidSettings, InvalidArchitecture) as error:
            raise EngineError(f"the network cannot have this size: {error}") from None
    else:
        space_of(architecture).validate(architecture)
    return architecture, protocol.with_size(changes)


def _has_size_of_papers(config: type, protocol: Protocol) -> bool:
    """Return whether the protocol's size has a meaning for a space with these settings."""
    known = {field.name for field in fields(config)}
    return set(protocol.network) <= known and (
        protocol.data_kind == "text" or issubclass(config, Stacked)
    )
